/* The rules: what stands in the way, how it shows, and the exact lines that put it right. */
#include "doctor.h"

#define NVIDIA_PCI                                                                                 \
	{                                                                                          \
		FACT_PCI, "0x10de", "0x03"                                                         \
	}
#define NVIDIA_DRIVER "proc/driver/nvidia/version"
#define NVIDIA_LOADED                                                                              \
	{                                                                                          \
		FACT_FILE, NVIDIA_DRIVER, ""                                                       \
	}
#define NVIDIA_MISSING                                                                             \
	{                                                                                          \
		FACT_NO_FILE, NVIDIA_DRIVER, ""                                                    \
	}
#define POWERCAP  "/sys/class/powercap"
#define FORBIDDEN "Permission denied"

const struct rule doctor_rules[] = {
	/* NVIDIA */
	{"nvidia-driver", false,
		{NVIDIA_PCI, NVIDIA_MISSING, {FACT_NO_FILE, "sys/module/nouveau", ""}},
		"there is an NVIDIA GPU, and NVIDIA's driver is not loaded",
		{"modprobe nvidia",
			"if there is no such module: apt install nvidia-driver (Debian), "
			"ubuntu-drivers install (Ubuntu), dnf install cuda-drivers (RHEL)"}},
	{"nvidia-nouveau", false,
		{NVIDIA_PCI, NVIDIA_MISSING, {FACT_FILE, "sys/module/nouveau", ""}},
		"an NVIDIA GPU is driven by nouveau, which counts no energy and sets no limits",
		{"apt install nvidia-driver (Debian), ubuntu-drivers install (Ubuntu), dnf install "
		 "cuda-drivers (RHEL)",
			"echo 'blacklist nouveau' > /etc/modprobe.d/blacklist-nouveau.conf",
			"reboot"}},
	{"nvidia-library", false,
		{NVIDIA_LOADED, {FACT_REASON, "nvml", "is the NVIDIA driver installed?"},
			{FACT_NO_FILE, ".dockerenv", ""}},
		"the NVIDIA driver is loaded, and its library libnvidia-ml.so.1 is not found",
		{"apt install libnvidia-ml1 (Debian), apt install libnvidia-compute-NNN (Ubuntu; NNN as "
		 "in /proc/driver/nvidia/version)",
			"or name the file: export HOURGLASS_NVML=/path/libnvidia-ml.so.1"}},
	{"nvidia-container", false,
		{{FACT_FILE, ".dockerenv", ""}, NVIDIA_LOADED, {FACT_NOT_FOUND, "nvml", ""},
			{FACT_NO_FILE, "dev/nvidiactl", ""}},
		"this container was not given the machine's NVIDIA GPUs",
		{"docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ...",
			"podman run --device nvidia.com/gpu=all ..."}},
	{"nvidia-capabilities", false,
		{{FACT_FILE, ".dockerenv", ""}, {FACT_FILE, "dev/nvidiactl", ""},
			{FACT_REASON, "nvml", "is the NVIDIA driver installed?"}},
		"this container has the NVIDIA GPUs but not libnvidia-ml.so.1, which comes with the "
		"capability \"utility\"",
		{"docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ..."}},
	{"nvidia-upgraded", false,
		{{FACT_REASON, "nvml", "driver and library are of different versions"}},
		"the NVIDIA driver was upgraded, and the old one is still loaded",
		{"reboot",
			"or with nothing on the GPUs: rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia "
			"&& modprobe nvidia"}},
	{"nvidia-not-loaded", false, {{FACT_REASON, "nvml", "the NVIDIA driver is not loaded"}},
		"NVIDIA's library is there, and its driver is not loaded",
		{"modprobe nvidia", "dmesg | grep -i nvrm says why if it fails"}},
	{"nvidia-permission", false, {{FACT_REASON, "nvml", "not permitted"}},
		"the NVIDIA driver does not permit this user",
		{"ls -l /dev/nvidia*",
			"usermod -aG video USER, where the group video may use them"}},
	{"nvidia-blocked", false, {{FACT_REASON, "nvml", "the operating system blocked"}},
		"a control group keeps this process from the NVIDIA GPUs",
		{"docker run --gpus all ...", "in a job: ask the scheduler for a GPU"}},
	{"nvidia-lost", false, {{FACT_REASON, "nvml", "fell off the bus"}},
		"an NVIDIA GPU does not answer any more",
		{"dmesg | grep -i xid says why", "reboot"}},
	{"nvidia-reset", false, {{FACT_REASON, "nvml", "needs a reset"}},
		"an NVIDIA GPU needs a reset",
		{"with nothing on it: nvidia-smi --gpu-reset -i INDEX"}},
	{"nvidia-persistence", true,
		{NVIDIA_LOADED, {FACT_FOUND, "nvml", ""},
			{FACT_NO_FILE, "run/nvidia-persistenced/socket", ""}},
		"without persistence the NVIDIA driver forgets limits and clocks when its last user "
		"ends, and takes seconds to wake",
		{"systemctl enable --now nvidia-persistenced",
			"or until reboot: nvidia-smi -pm 1"}},
	{"nvidia-set", true, {{FACT_FIXED, "nvml", "CAP_SYS_ADMIN"}},
		"limits and clocks of NVIDIA GPUs may be set by root only",
		{"sudo hourglass ...",
			"or for the program: setcap cap_sys_admin+ep \"$(command -v hourglass)\""}},
	{"nvidia-sleeps", true, {{FACT_PCI_SAYS, "0x10de/power/runtime_status", "suspended"}},
		"an NVIDIA GPU sleeps (D3), as in laptops: looking at it wakes it, which costs energy",
		{"to keep it awake while measuring: echo on > /sys/bus/pci/devices/ADDRESS/power/control",
			"after it: echo auto > /sys/bus/pci/devices/ADDRESS/power/control"}},
	/* AMD */
	{"amd-driver", false,
		{{FACT_PCI, "0x1002", "0x03|0x12"}, {FACT_NO_FILE, "sys/module/amdgpu", ""},
			{FACT_NO_FILE, "sys/module/radeon", ""}},
		"there is an AMD GPU, and its driver is not loaded", {"modprobe amdgpu"}},
	{"amd-render", false, {{FACT_FORBIDDEN, "dev/kfd", ""}},
		"this user may not use AMD GPUs for computing (/dev/kfd)",
		{"usermod -aG render,video USER, and log in again"}},
	{"amd-metrics", true, {{FACT_ABSENT, "amdgpu", "gpu_metrics: No such file"}},
		"the driver of an AMD GPU has no gpu_metrics: its energy is added up from its power",
		{"a kernel of at least 5.8, or the driver of a newer ROCm: apt install amdgpu-dkms"}},
	{"amd-set", true, {{FACT_FIXED, "amdgpu", FORBIDDEN}},
		"power limits of AMD GPUs may be set by root only",
		{"udev: ACTION==\"add\", SUBSYSTEM==\"hwmon\", ATTR{name}==\"amdgpu\", RUN+=\"/bin/chmod "
		 "a+w /sys%p/power1_cap\"",
			"in /etc/udev/rules.d/70-hourglass.rules; then: udevadm control --reload && "
			"udevadm trigger -c add -s hwmon"}},
	/* processors */
	{"rapl-driver", false,
		{{FACT_NO_FILE, "sys/class/powercap/intel-rapl*", ""},
			{FACT_SAYS, "proc/cpuinfo", "GenuineIntel"},
			{FACT_NOT_SAYS, "proc/cpuinfo", " hypervisor"}},
		"the energy counters of the processor (RAPL) have no driver",
		{"modprobe intel_rapl_msr",
			"at each start: echo intel_rapl_msr > /etc/modules-load.d/rapl.conf"}},
	{"rapl-driver-amd", false,
		{{FACT_NO_FILE, "sys/class/powercap/intel-rapl*", ""},
			{FACT_SAYS, "proc/cpuinfo", "AuthenticAMD"},
			{FACT_NOT_SAYS, "proc/cpuinfo", " hypervisor"}},
		"the energy counters of the processor (RAPL) have no driver; AMD's need Linux 5.8, and a "
		"Zen",
		{"modprobe intel_rapl_msr",
			"at each start: echo intel_rapl_msr > /etc/modules-load.d/rapl.conf"}},
	{"rapl-read", false, {{FACT_ABSENT, "rapl", FORBIDDEN}},
		"the energy counters of the processor may be read by root only (since Linux 5.10, for "
		"CVE-2020-8694)",
		{"until reboot: chmod a+r " POWERCAP "/*/energy_uj",
			"for good, in /etc/udev/rules.d/70-hourglass.rules: ACTION==\"add\", "
			"SUBSYSTEM==\"powercap\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj\"",
			"then: udevadm control --reload && udevadm trigger -c add -s powercap",
			"or for one program: setcap cap_dac_read_search+ep \"$(command -v hourglass)\""}},
	{"rapl-perf", true,
		{{FACT_ABSENT, "rapl", FORBIDDEN},
			{FACT_FILE, "sys/bus/event_source/devices/power/type", ""}},
		"the kernel also counts the processor's energy as perf events, in 64 bits",
		{"sysctl kernel.perf_event_paranoid=0",
			"or for one program: setcap cap_perfmon+ep \"$(command -v hourglass)\""}},
	{"rapl-virtual", true,
		{{FACT_SAYS, "proc/cpuinfo", " hypervisor"}, {FACT_NOT_FOUND, "rapl", ""}},
		"a virtual machine is not shown the energy counters of the processor",
		{"run hourglass on the host, or ask its operator"}},
	{"rapl-container", true,
		{{FACT_FILE, ".dockerenv", ""}, {FACT_NO_FILE, "sys/class/powercap", ""}},
		"this container is not shown the energy counters of the processor",
		{"docker run -v /sys/class/powercap:/sys/class/powercap:ro -v "
		 "/sys/devices/virtual/powercap:/sys/devices/virtual/powercap:ro ..."}},
	{"rapl-filter", true, {{FACT_FILE, "dev/sgx_enclave", ""}, {FACT_FOUND, "rapl", ""}},
		"with SGX on, the processor blurs its energy counters: over windows of a few ms they mean "
		"little",
		{"switch SGX off in the firmware's setup, or measure for a second and more"}},
	{"rapl-off", true, {{FACT_FIXED, "rapl", "the limits of this zone are off"}},
		"power limits of the processor are off",
		{"echo 1 > " POWERCAP "/ZONE/enabled; 'hourglass list' names the zone"}},
	{"rapl-set", true, {{FACT_FIXED, "rapl", FORBIDDEN}},
		"power limits of the processor may be set by root only",
		{"udev: ACTION==\"add\", SUBSYSTEM==\"powercap\", RUN+=\"/bin/chmod a+w "
		 "/sys%p/constraint_0_power_limit_uw\"",
			"in /etc/udev/rules.d/70-hourglass.rules; then: udevadm control --reload && "
			"udevadm trigger -c add -s powercap"}},
	{"cpufreq-set", true,
		{{FACT_READ_ONLY, "sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq", ""}},
		"clocks of the processor may be set by root only",
		{"chgrp GROUP /sys/devices/system/cpu/cpufreq/policy*/scaling_{min,max}_freq",
			"chmod g+w /sys/devices/system/cpu/cpufreq/policy*/scaling_{min,max}_freq"}},
	/* Intel's GPUs, and accelerators */
	{"intel-set", true, {{FACT_FIXED, "intel", FORBIDDEN}},
		"power limits of Intel GPUs may be set by root only",
		{"udev: ACTION==\"add\", SUBSYSTEM==\"hwmon\", ATTR{name}==\"xe|i915\", "
		 "RUN+=\"/bin/chmod a+w /sys%p/power1_max\"",
			"in /etc/udev/rules.d/70-hourglass.rules; then: udevadm control --reload && "
			"udevadm trigger -c add -s hwmon"}},
	{"intel-sysman", true, {{FACT_REASON, "levelzero", "no libze_loader"}},
		"the kernel tells nothing of an Intel GPU's energy, and Level Zero, which might, is not "
		"installed; graphics inside a processor are in RAPL's uncore",
		{"apt install libze1 libze-intel-gpu1",
			"or for a card of its own a kernel of at least 6.2 (i915) or 6.11 (xe)"}},
	{"habana-module", false,
		{{FACT_PCI, "0x1da3", "0x"}, {FACT_NO_FILE, "sys/module/habanalabs", ""}},
		"there is a Gaudi, and its driver is not loaded",
		{"modprobe habanalabs", "if there is no such module: apt install habanalabs-dkms"}},
	{"habana-library", false,
		{{FACT_FILE, "sys/module/habanalabs", ""}, {FACT_REASON, "habana", "libhlml"}},
		"Gaudi's driver is loaded, and its library libhlml.so is not found",
		{"apt install habanalabs-firmware-tools habanalabs-thunk"}},
	{"neuron-module", false,
		{{FACT_PCI, "0x1d0f", "0x0880"}, {FACT_NO_FILE, "sys/module/neuron", ""}},
		"there is an AWS Inferentia or Trainium, and its driver is not loaded",
		{"modprobe neuron", "if there is no such module: apt install aws-neuronx-dkms"}},
	{"neuron-version", false, {{FACT_OLDER, "sys/module/neuron/version", "2.21.37"}},
		"the driver of AWS Inferentia and Trainium tells power from version 2.21.37 on",
		{"apt install --only-upgrade aws-neuronx-dkms"}},
	{"neuron-rated", true, {{FACT_ABSENT, "neuron", "say how much"}},
		"an AWS Inferentia or Trainium tells its power as a share of the rated one only",
		{"say what is rated, and watts are estimated: --device neuron:0,rated=WATTS"}},
	{"tpu", true, {{FACT_REASON, "tpu", "a TPU tells neither"}},
		"a Google TPU tells neither power nor energy to anybody",
		{"what it costs can only be estimated from its time"}},
	{NULL, false, {{FACT_NONE, NULL, NULL}}, NULL, {NULL}},
};
