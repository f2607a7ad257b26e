"""Commands that make a design: design, generate, build."""

from __future__ import annotations

from designer.cli.common import (
    BoardName,
    BoardOption,
    JsonOption,
    LayoutArgument,
    OutOption,
    PublicKeyOption,
    QuietOption,
    app,
    print_json,
    run_design,
    run_image,
    say,
    write_report,
)


@app.command()
def design(layout: LayoutArgument, out: OutOption = None, json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Design the filters, quantise them, prove them, and write tables, C sources, scorecard and report."""
    from designer.cli.tables import design_tables

    result, card, directory = run_design(layout, out, quiet=json or quiet)
    write_report(result, card, directory, quiet=json or quiet)
    if json:
        print_json(card.to_json())
    elif not quiet:
        design_tables(result, card)
        say(f"written to {directory}: report.html, filters.npz, tables.npz, scorecard.json, generated/")


@app.command()
def generate(
    layout: LayoutArgument, out: OutOption = None, json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Design a layout, and write the coefficient tables and C sources."""
    result, _, directory = run_design(layout, out, quiet=json or quiet)
    files = [str(directory / "generated" / name) for name in sorted(result.sources.files)]
    if json:
        print_json({"layout": result.layout.name, "digest": result.digest, "files": files})
    else:
        for name in files:
            say(f"  {name}", quiet)
        say(f"digest {result.digest}", quiet)


@app.command()
def build(
    layout: LayoutArgument,
    board: BoardOption = BoardName.virtual,
    public_key: PublicKeyOption = None,
    out: OutOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Design a layout, generate its C sources, and cross-compile the image of a board, such as firmware.elf."""
    from designer.toolchain.stack import sizes_of

    result, image = run_image(layout, out, json or quiet, board, public_key)
    sizes = sizes_of(image)
    if json:
        print_json({"layout": result.layout.name, "digest": image.digest, "elf": str(image.elf), **sizes})
    else:
        say(f"{image.elf}: {image.flash_bytes} bytes of flash, {image.ram_bytes} bytes of RAM", quiet)
        say(f"stack: at most {sizes['stack_bound_bytes']} of {sizes['stack_reserved_bytes']} bytes", quiet)
        say(f"digest {image.digest}", quiet)
