"""Commands for layouts and finished designs: check, layouts, new, compare, reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from designer.cli.common import JsonOption, LayoutArgument, QuietOption, app, print_json, say, step


@app.command()
def check(layout: LayoutArgument, json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Check a layout and the files that it names. List its errors, or draw it with a table of its drivers."""
    from designer.acoustics.inputs import check_inputs
    from designer.cli.tables import layout_table
    from designer.layout.shipped import find_layout

    found = find_layout(layout)
    check_inputs(found, lambda what: step(what, quiet=json or quiet))
    if json:
        print_json(found.model_dump(mode="json", by_alias=True, exclude_none=True))
    elif not quiet:
        from designer.layout.drawing import draw_layout

        say(draw_layout(found))
        layout_table(found)


@app.command()
def layouts(json: JsonOption = False) -> None:
    """List the shipped layouts."""
    from designer.layout.shipped import find_layout, shipped_layouts

    found = {name: find_layout(name) for name in shipped_layouts()}
    if json:
        print_json(
            {
                name: {"drivers": len(f.drivers), "arithmetic": f.number_format, "description": f.description}
                for name, f in found.items()
            }
        )
        return
    for name, layout in found.items():
        say(f"{name:12s} {len(layout.drivers)} drivers, {layout.number_format}: {layout.description}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new layout; the file is NAME.toml.")],
    like: Annotated[str, typer.Option("--like", help="Shipped layout or file to start from.")] = "front3",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write [NAME.toml].")] = None,
    json: JsonOption = False,
) -> None:
    """Write a commented layout file to start from."""
    from designer.errors import OutputConflictError
    from designer.files import replace_file
    from designer.layout.shipped import find_layout
    from designer.layout.text import commented_layout

    target = out or Path(f"{name}.toml")
    if target.exists():
        raise OutputConflictError(f"'{target}': exists already and is left as it is: choose another name or --out")
    text = commented_layout(find_layout(like), name).encode()
    replace_file(target, lambda file: file.write(text))
    if json:
        print_json({"layout": str(target), "like": like})
    else:
        say(f"{target} written, like '{like}'. Edit it, then: proscenium check {target}; proscenium design {target}")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Directory of a design.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Directory of the other design.")],
    json: JsonOption = False,
) -> None:
    """Compare the figures of two designs side by side."""
    from designer.cli.tables import comparison_table
    from designer.design.store import load_card
    from designer.report.comparison import compare_cards

    rows = compare_cards(load_card(first), load_card(second))
    if json:
        print_json(rows)
    else:
        comparison_table(str(first), str(second), rows)


@app.command()
def reference() -> None:
    """Print the layout reference (Markdown)."""
    from designer.layout.text import layout_reference

    say(layout_reference().rstrip())
