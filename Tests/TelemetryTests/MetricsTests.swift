import Testing

@testable import Telemetry

@Suite struct MetricsTests {
    @Test func aCounterCountsFromEveryThread() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("a_total", help: "A.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.increment() } } }
        }
        counter.increment(by: 5)
        #expect(counter.value == 8005)
        #expect(registry.exposition() == "# HELP a_total A.\n# TYPE a_total counter\na_total 8005\n")
    }

    @Test func aGaugeIsSetAndAddedToFromEveryThread() async {
        let gauge = Gauge()
        gauge.set(-2.5)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { gauge.add(0.5) } } }
        }
        #expect(gauge.value == 3997.5)
    }

    @Test func aHistogramCountsEachObservationInTheFirstBucketThatHoldsIt() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("a_seconds", help: "A.", bounds: [0.1, 0.5, 2])
        for value in [0, 0.1, 0.1000001, 0.5, 2, 2.1, .infinity, .nan] { histogram.observe(value) }
        histogram.observe(Duration.milliseconds(250))
        #expect(histogram.count == 8)
        #expect(
            registry.exposition() == """
                # HELP a_seconds A.
                # TYPE a_seconds histogram
                a_seconds_bucket{le="0.1"} 2
                a_seconds_bucket{le="0.5"} 5
                a_seconds_bucket{le="2"} 6
                a_seconds_bucket{le="+Inf"} 8
                a_seconds_sum +Inf
                a_seconds_count 8

                """)
    }

    @Test func aHistogramSumsWhatItSaw() async {
        let histogram = Histogram()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { histogram.observe(0.25) } } }
        }
        #expect(histogram.sum == 2000 && histogram.count == 8000)
    }

    @Test func latencyBucketsAreFineAroundOneAndTwentyMilliseconds() {
        let bounds = Histogram.latencyBuckets
        #expect(bounds == bounds.sorted())
        #expect(bounds.filter { (0.0005...0.002).contains($0) }.count >= 4)
        #expect(bounds.filter { (0.01...0.03).contains($0) }.count >= 4)
    }

    @Test func membersOfAFamilyAreToldApartByTheirLabels() {
        let registry = MetricsRegistry()
        let errors = registry.counters("errors_total", help: "E.", labels: ["stage", "error_type"])
        errors["stt", "timeout"].increment()
        errors["stt", "timeout"].increment()
        errors["capture", "a\"b\\c\nd"].increment()
        #expect(errors["stt", "timeout"] === errors["stt", "timeout"])
        #expect(
            registry.exposition() == """
                # HELP errors_total E.
                # TYPE errors_total counter
                errors_total{stage="capture",error_type="a\\"b\\\\c\\nd"} 1
                errors_total{stage="stt",error_type="timeout"} 2

                """)
    }

    @Test func aFamilyIsBoundedAndGathersTheRestUnderOther() {
        let registry = MetricsRegistry()
        let family = registry.gauges("g", help: "G.", labels: ["x"])
        for number in 0..<1000 { family["\(number)"].add(1) }
        #expect(family["1001"] === family["other"] && family["other"].value == 744)
        #expect(registry.exposition().split(separator: "\n").count == 2 + MetricFamily<Gauge>.memberLimit + 1)
    }

    @Test func readingsAreTakenAtTheScrape() {
        let registry = MetricsRegistry()
        let source = Gauge()
        registry.gauge("depth", help: "D\\ and\nmore.") { source.value }
        registry.counter("seconds_total", help: "S.") { 0.5 }
        registry.gauges("fill_ratio", help: "F.", labels: ["buffer"]) { [(["a"], 0.25), (["b"], -.infinity)] }
        registry.gauges("absent", help: "Left out without members.", labels: ["x"]) { [] }
        source.set(3)
        #expect(
            registry.exposition() == """
                # HELP depth D\\\\ and\\nmore.
                # TYPE depth gauge
                depth 3
                # HELP seconds_total S.
                # TYPE seconds_total counter
                seconds_total 0.5
                # HELP fill_ratio F.
                # TYPE fill_ratio gauge
                fill_ratio{buffer="a"} 0.25
                fill_ratio{buffer="b"} -Inf

                """)
    }

    @Test func aGaugeThatIsNotANumberSaysSo() {
        let registry = MetricsRegistry()
        registry.gauge("g", help: "G.").set(.nan)
        #expect(registry.exposition().hasSuffix("\ng NaN\n"))
    }

    @Test func aMistakeInTheSourceTraps() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            _ = registry.gauge("twice", help: "")
            _ = registry.gauge("twice", help: "")
        }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().gauge("9lives", help: "") }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().gauge("two words", help: "") }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().counter("events", help: "") }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().gauge("events_total", help: "") }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().gauges("g", help: "", labels: ["le"]) }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().gauges("g", help: "", labels: ["x"])["a", "b"] }
        await #expect(processExitsWith: .failure) { Counter().increment(by: -1) }
        await #expect(processExitsWith: .failure) { _ = Histogram(bounds: [2, 1]) }
    }
}
