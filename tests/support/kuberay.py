"""What KubeRay 1.6 takes for a RayJob: the fields of its API ray.io/v1, their types, and which must be there.

Written from its reference (https://docs.ray.io/en/master/cluster/kubernetes/references/api.html), since its own schema
is a megabyte of Kubernetes' pods, which have a validator already.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Natural = Annotated[int, Field(ge=0)]
Mode = Literal["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]
Pod = dict[str, Any]
"""A template of a pod, for a validator of Kubernetes."""


class _Fields(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class AuthOptions(_Fields):
    """How requests to the cluster show who they are; the operator makes the token and hands it out."""

    mode: Literal["disabled", "token"] = "token"
    secret_name: str | None = None


class HeadGroupSpec(_Fields):
    """The head."""

    template: Pod
    head_service: dict[str, Any] | None = None
    enable_ingress: bool | None = None
    resources: dict[str, str] = {}
    labels: dict[str, str] = {}
    ray_start_params: dict[str, str] = {}
    service_type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = "ClusterIP"


class WorkerGroupSpec(_Fields):
    """Workers of one kind."""

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
    """The cluster that a job gets."""

    head_group_spec: HeadGroupSpec
    worker_group_specs: list[WorkerGroupSpec] = []
    ray_version: str = ""
    auth_options: AuthOptions | None = None
    suspend: bool | None = None
    enable_in_tree_autoscaling: bool | None = None
    head_service_annotations: dict[str, str] = {}


class RayJobSpec(_Fields):
    """A job."""

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
    """Whose it is."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,45}[a-z0-9])?$")]
    namespace: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class RayJob(_Fields):
    """The whole manifest."""

    api_version: Literal["ray.io/v1"]
    kind: Literal["RayJob"]
    metadata: Metadata
    spec: RayJobSpec
