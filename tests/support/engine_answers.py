"""What engines of several kinds answer to `info` and `version`, cut to what is read."""

ALL = {"MemoryLimit": True, "SwapLimit": True, "PidsLimit": True, "CpuCfsQuota": True}
NONE = dict.fromkeys(ALL, False)
DOCKER_V1 = {
    **ALL, "ServerVersion": "20.10.24+dfsg1", "Driver": "overlay2", "CgroupDriver": "cgroupfs", "CgroupVersion": "1",
    "DefaultRuntime": "runc", "SecurityOptions": ["name=seccomp,profile=default"],
    "Runtimes": {"io.containerd.runc.v2": {"path": "runc"}, "runc": {"path": "runc"}},
}  # fmt: skip
DOCKER_V1_VERSION = {
    "ApiVersion": "1.41", "Components": [{"Name": "Engine", "Version": "20.10.24+dfsg1"},
    {"Name": "containerd", "Version": "1.6.20~ds1"}, {"Name": "runc", "Version": "1.1.5+ds1"}],
}  # fmt: skip
DOCKER_V2 = {
    **ALL, "ServerVersion": "28.3.0", "Driver": "overlay2", "CgroupDriver": "systemd", "CgroupVersion": "2",
    "DefaultRuntime": "runc", "Runtimes": {"runc": {"path": "runc"}, "runsc": {"path": "/usr/bin/runsc"}},
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns", "name=userns"],
}  # fmt: skip
ROOTLESS = {
    **NONE, "ServerVersion": "20.10.24", "Driver": "fuse-overlayfs", "CgroupDriver": "none", "CgroupVersion": "1",
    "DefaultRuntime": "runc", "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"],
}  # fmt: skip
PODMAN = {
    **ALL, "ServerVersion": "4.3.1", "Driver": "overlay", "CgroupDriver": "cgroupfs", "CgroupVersion": "1",
    "DefaultRuntime": "/usr/sbin/runc", "Runtimes": {"crun": {"path": "/usr/bin/crun"}},
    "SecurityOptions": ["name=seccomp,profile=default"], "Rootless": False,
}  # fmt: skip
PODMAN_VERSION = {
    "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine", "Version": "4.3.1"},
    {"Name": "Conmon", "Version": "conmon version 2.1.6, commit: unknown"},
    {"Name": "OCI Runtime (crun)", "Version": "crun version 1.8.1\ncommit: f8a0\nspec: 1.0.0"}],
}  # fmt: skip
