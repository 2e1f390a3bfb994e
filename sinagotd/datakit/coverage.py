"""Which sources are there for how many rows: as a frame and as HTML; it opens no file."""

from html import escape

import pandas as pd


def coverage(inventory: pd.DataFrame, tags: tuple[str, ...]) -> pd.DataFrame:
    """Rows that have a file, by source; a tag without a column is present nowhere."""
    total = len(inventory)
    present = [int(inventory[tag].notna().sum()) if tag in inventory.columns else 0 for tag in tags]
    frame = pd.DataFrame(
        {"present": present, "total": total}, index=pd.Index(tags, name="source", dtype=object), dtype="int64"
    )
    frame["missing"] = frame["total"] - frame["present"]
    frame["coverage"] = frame["present"] / total if total else 0.0
    return frame


def as_html(title: str, covered: pd.DataFrame, problems: int) -> str:
    """A title and a small table, for a notebook."""
    note = f"<p>{problems} problems: see <code>.problems</code></p>" if problems else ""
    return f"<p><code>{escape(title)}</code></p>{covered.to_html(float_format='{:.0%}'.format)}{note}"
