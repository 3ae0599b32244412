import Synchronization

/// All metrics of one name, told apart by the values of their labels.
///
/// Looking up a member takes a lock and allocates: a hot path looks it up once and keeps it.
public final class MetricFamily<Member: Metric>: Collector {
    /// The most members that a family may have. Labels must never take values that a client chooses freely, and if one does,
    /// what is beyond this shares one member whose label values are `other`: memory stays bounded.
    public static var memberLimit: Int { 256 }

    let name: String
    let help: String
    private let labels: [String]
    private let make: @Sendable () -> Member
    private let members = Mutex<[[String]: Member]>([:])

    init(name: String, help: String, labels: [String], make: @escaping @Sendable () -> Member) {
        self.name = name
        self.help = help
        self.labels = labels
        self.make = make
    }

    /// The member with these label values, in the order of the family's labels; made at first use.
    public subscript(_ values: String...) -> Member { member(values) }

    func member(_ values: [String]) -> Member {
        // How many labels a family has is fixed in the source, as is every use of it.
        precondition(values.count == labels.count, "\(name) has the labels \(labels)")
        return members.withLock { members in
            if let member = members[values] { return member }
            let key = members.count < Self.memberLimit ? values : labels.map { _ in "other" }
            if let member = members[key] { return member }
            let member = make()
            members[key] = member
            return member
        }
    }

    var type: String { Member.type }

    func samples() -> String {
        let sorted = members.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return sorted.map { values, member in
            var writer = SampleWriter(name: name, labels: Array(zip(labels, values)).map { (name: $0, value: $1) })
            member.write(&writer)
            return writer.text
        }.joined()
    }
}
