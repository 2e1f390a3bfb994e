"""LOOKS: at the disk: walk, stamps, digests, watching, mounts."""
