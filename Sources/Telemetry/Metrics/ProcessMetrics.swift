import Glibc

extension MetricsRegistry {
    /// Registers what every process has: memory, processor, start time, open files, and `mynah_build_info{version}`.
    ///
    /// Worker processes are not included: they are counted by whoever starts them.
    public func registerProcessMetrics(version: String) {
        let use = ProcessUse()
        gauge("rtap_memory_usage_bytes", help: "Memory of the server process that is in RAM, workers not included.") {
            Double(use.memoryBytes)
        }
        gauge("rtap_cpu_usage_percent", help: "Processor use since the previous scrape; 100 is one core.") { use.cpuPercent }
        counter("process_cpu_seconds_total", help: "Processor time of the server process in user and kernel mode.") {
            ProcessReading.current().cpuSeconds
        }
        let start = ProcessReading.bootTime() + ProcessReading.current().startSeconds
        gauge("process_start_time_seconds", help: "When the server process started, in Unix seconds.") { start }
        gauge("process_open_fds", help: "Open file descriptors.") { Double(ProcessReading.openFiles()) }
        gauges("mynah_build_info", help: "Always 1; the version is in the label.", labels: ["version"])[version].set(1)
    }
}

func steadySeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
