"""The sixteen sources that come with datakit: where the class of each tag is, so that none is imported before it is needed."""

from types import MappingProxyType

BUILT_IN = MappingProxyType(
    {
        "dataqueue": "sinagotd.datakit.sources.dataqueue:Dataqueue",
        "meso_dff": "sinagotd.datakit.sources.meso:MesoDff",
        "meso_mean": "sinagotd.datakit.sources.meso:MesoMean",
        "meso_metadata": "sinagotd.datakit.sources.cameras:MesoMetadata",
        "mesomap": "sinagotd.datakit.sources.mesomap:Mesomap",
        "mouseportal": "sinagotd.datakit.sources.mouseportal:Mouseportal",
        "mouseportal_trials": "sinagotd.datakit.sources.mouseportal:MouseportalTrials",
        "notes": "sinagotd.datakit.sources.notes:Notes",
        "psychopy": "sinagotd.datakit.sources.psychopy:Psychopy",
        "pupil_dlc": "sinagotd.datakit.sources.deeplabcut:PupilDlc",
        "pupil_metadata": "sinagotd.datakit.sources.cameras:PupilMetadata",
        "session_config": "sinagotd.datakit.sources.session_config:SessionConfig",
        "suite2p": "sinagotd.datakit.sources.suite2p:Suite2p",
        "timestamps": "sinagotd.datakit.sources.timestamps:Timestamps",
        "treadmill": "sinagotd.datakit.sources.treadmill:Treadmill",
        "wheel": "sinagotd.datakit.sources.wheel:Wheel",
    }
)
