"""Schema of a RayJob in KubeRay 1.6: the fields of its API ray.io/v1, their types, and the required ones.

Written from the reference (https://docs.ray.io/en/master/cluster/kubernetes/references/api.html). KubeRay's own schema
is a megabyte, mostly of Kubernetes pods, which `kubernetes_validate` checks.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Natural = Annotated[int, Field(ge=0)]
Mode = Literal["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]
Pod = dict[str, Any]
"""Pod template, checked by `kubernetes_validate`."""


class _Fields(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class AuthOptions(_Fields):
    """Authentication of requests to the cluster; the operator creates the token and distributes it."""

    mode: Literal["disabled", "token"] = "token"
    secret_name: str | None = None


class HeadGroupSpec(_Fields):
    """Head node of the cluster."""

    template: Pod
    head_service: dict[str, Any] | None = None
    enable_ingress: bool | None = None
    resources: dict[str, str] = {}
    labels: dict[str, str] = {}
    ray_start_params: dict[str, str] = {}
    service_type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = "ClusterIP"


class WorkerGroupSpec(_Fields):
    """Workers with the same pod template."""

    group_name: str
    template: Pod
    suspend: bool | None = None
    replicas: Natural = 0
    min_replicas: Natural = 0
    max_replicas: Natural = 2**31 - 1
    idle_timeout_seconds: Natural | None = None
    resources: dict[str, str] = {}
    labels: dict[str, str] = {}
    ray_start_params: dict[str, str] = {}
    num_of_hosts: Natural = 1


class RayClusterSpec(_Fields):
    """Cluster of the job."""

    head_group_spec: HeadGroupSpec
    worker_group_specs: list[WorkerGroupSpec] = []
    ray_version: str = ""
    auth_options: AuthOptions | None = None
    suspend: bool | None = None
    enable_in_tree_autoscaling: bool | None = None
    head_service_annotations: dict[str, str] = {}


class RayJobSpec(_Fields):
    """Specification of the job."""

    ray_cluster_spec: RayClusterSpec | None = None
    entrypoint: str = ""
    submission_mode: Mode = "K8sJobMode"
    submitter_pod_template: Pod | None = None
    shutdown_after_job_finishes: bool = False
    ttl_seconds_after_finished: Natural = 0
    active_deadline_seconds: Annotated[int, Field(gt=0)] | None = None
    backoff_limit: Natural = 0
    runtime_env: Annotated[str, Field(alias="runtimeEnvYAML")] = ""
    job_id: str = ""
    entrypoint_num_cpus: float = 0
    entrypoint_num_gpus: float = 0
    entrypoint_resources: str = ""
    cluster_selector: dict[str, str] = {}
    suspend: bool = False


class Metadata(_Fields):
    """Name, namespace and labels of the manifest."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,45}[a-z0-9])?$")]
    namespace: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class RayJob(_Fields):
    """RayJob manifest."""

    api_version: Literal["ray.io/v1"]
    kind: Literal["RayJob"]
    metadata: Metadata
    spec: RayJobSpec
