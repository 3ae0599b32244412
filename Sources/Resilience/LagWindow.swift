/// The delays of the last moments.
struct LagWindow: Sendable {
    /// How long one counts, in ns.
    static let span: UInt64 = 10_000_000_000
    /// How many are kept; more in that time push the oldest out.
    static let capacity = 64

    private var entries: [(at: UInt64, lag: UInt64)] = []

    mutating func add(_ lag: UInt64, at now: UInt64) {
        if entries.count == Self.capacity { entries.removeFirst() }
        entries.append((now, lag))
    }

    /// In ns; 0 with fewer than `minimum`. The median, because one utterance that was decoded twice says nothing of the machine.
    func median(at now: UInt64, minimum: Int) -> UInt64 {
        let recent = entries.filter { $0.at + Self.span > now }.map(\.lag).sorted()
        return recent.isEmpty || recent.count < minimum ? 0 : recent[recent.count / 2]
    }
}
