from sinagotd.scripts.template import ScriptTemplate as ScriptTemplate
from sinagotd.workspace.workspace import Workspace as Workspace

__all__ = ["ScriptTemplate", "Workspace", "__version__"]
__version__: str
