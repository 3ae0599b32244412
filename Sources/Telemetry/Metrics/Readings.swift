/// Values that live elsewhere and are read when a scrape asks for them.
struct Readings: Collector {
    let name: String
    let help: String
    let type: String
    let labels: [String]
    let read: @Sendable () -> [(labels: [String], value: Double)]

    func samples() -> String {
        read().map { values, value in
            var writer = SampleWriter(name: name, labels: zip(labels, values).map { (name: $0, value: $1) })
            writer.write(value)
            return writer.text
        }.joined()
    }
}
