import Glibc
import Testing

@testable import Telemetry

@Suite struct ProcessTests {
    /// From a running `cat /proc/self/stat`, with a name that holds what could mislead a reader.
    private static let stat =
        "4242 (a) b (c) S 1 2 3 0 -1 4194304 91 0 0 0 150 50 0 0 20 0 1 0 98765 2576384 272 18446744073709551615 1 1 0 0 0 0\n"

    @Test func theKernelsLineIsRead() throws {
        let reading = try #require(ProcessReading(stat: Self.stat, ticksPerSecond: 100, pageSize: 4096))
        #expect(reading.cpuSeconds == 2 && reading.residentBytes == 272 * 4096 && reading.startSeconds == 987.65)
    }

    @Test(arguments: ["", "no parenthesis", "1 (a) S 1 2", "1 (a) S 1 2 3 4 5 6 7 8 9 10 11 x 13 14 15 16 17 18 19 20 21 22 23"])
    func anythingElseIsNotRead(text: String) {
        #expect(ProcessReading(stat: text, ticksPerSecond: 100, pageSize: 4096) == nil)
    }

    @Test func theBootTimeIsFoundAmongOtherLines() {
        #expect(ProcessReading.bootTime(stat: "cpu 1 2\nbtime 1795222800\nprocesses 3\n") == 1_795_222_800)
        #expect(ProcessReading.bootTime(stat: "cpu 1 2\n") == 0 && ProcessReading.bootTime(stat: nil) == 0)
    }

    @Test func withoutProcEverythingIsZero() {
        #expect(text(ofFile: "/nowhere/at/all") == nil)
        #expect(ProcessReading.current(stat: nil) == ProcessReading(cpuSeconds: 0, residentBytes: 0, startSeconds: 0))
        #expect(ProcessReading.openFiles(directory: "/nowhere/at/all") == 0)
    }

    @Test func thisProcessHasMemoryTimeAndFiles() {
        let reading = ProcessReading.current()
        #expect(reading.residentBytes > 1_000_000 && reading.startSeconds > 0)
        #expect(ProcessReading.openFiles() >= 3)
    }

    @Test func processorUseIsMeasuredBetweenReadingsASecondApart() {
        let usage = ProcessorUsage(time: 100, cpuSeconds: 5)
        #expect(usage.percent(time: 100.5, cpuSeconds: 5.5) == 0)
        #expect(usage.percent(time: 102, cpuSeconds: 6) == 50)
        #expect(usage.percent(time: 102.9, cpuSeconds: 6.9) == 50)
        #expect(usage.percent(time: 104, cpuSeconds: 9) == 150)
    }

    @Test func theProcessMetricsAreRegistered() throws {
        let registry = MetricsRegistry()
        registry.registerProcessMetrics(version: "1.2.3")
        let text = registry.exposition()
        for name in ["rtap_memory_usage_bytes", "rtap_cpu_usage_percent", "process_cpu_seconds_total", "process_open_fds"] {
            #expect(text.contains("\n\(name) "))
        }
        #expect(text.contains("\nmynah_build_info{version=\"1.2.3\"} 1\n"))
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("process_start_time_seconds ") })
        let start = try #require(Double(line.split(separator: " ")[1]))
        // The kernel counts the start in hundredths of a second since boot, and boot itself in whole seconds.
        #expect(start <= Double(time(nil)) + 2 && start > Double(time(nil)) - 86_400)
    }
}
