"""The demo's walk through the main job, over HTTP."""
