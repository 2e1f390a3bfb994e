"""What a modality can hold besides steps: a JSON file for each record, or results gathered from elsewhere."""

from collections.abc import Mapping

from sinagotd.workspace.plugins import pandas_records, processed

PLUGINS: Mapping[str, Mapping[str, type]] = {"pandas": pandas_records.MODELS, "processed": processed.MODELS}
"""By the name that `models.plugin` of a modality gives: the classes of a record and of a collection."""
