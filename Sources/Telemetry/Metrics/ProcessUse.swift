/// What this process uses of the machine; worker processes are not included.
public final class ProcessUse: Sendable {
    private let usage: ProcessorUsage

    /// Starts measuring.
    public init() { usage = ProcessorUsage(time: steadySeconds(), cpuSeconds: ProcessReading.current().cpuSeconds) }

    /// Since the reading before; 100 is one core.
    public var cpuPercent: Double { usage.percent(time: steadySeconds(), cpuSeconds: ProcessReading.current().cpuSeconds) }

    /// Memory that is in RAM, in bytes.
    public var memoryBytes: Int { ProcessReading.current().residentBytes }
}
