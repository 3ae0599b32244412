import SpeechModel

/// A lease as it is kept in a file: five lines of text that an operator can read, with a checksum, always of the same length.
public struct LeaseRecord: Hashable, Sendable {
    /// Every record has this many bytes, one sector, so that it is written in one piece.
    public static let length = 512

    /// Its ``Lease/remaining`` is not kept.
    public var lease: Lease
    /// A lease file: the boot time at which it ends, in ns. A witness: how many ns it was granted for.
    public var nanoseconds: UInt64
    /// Which start of the machine the time belongs to; empty for none.
    public var boot: String

    /// Describes a record.
    public init(lease: Lease, nanoseconds: UInt64, boot: String) {
        self.lease = lease
        self.lease.remaining = 0
        self.nanoseconds = nanoseconds
        self.boot = boot
    }

    /// The record as text.
    public var bytes: [UInt8] {
        func text(_ node: NodeID) -> String { "\(node.name.rawValue) \(hexadecimal(node.instance))" }
        let lines =
            "mynah lease 1\nterm \(lease.term)\nholder \(text(lease.holder))\nsuccessor \(lease.successor.map(text) ?? "none")\n"
            + "time \(nanoseconds) \(boot)\n"
        let record = Array((lines + "check \(hexadecimal(Self.checksum(lines.utf8)))\n").utf8)
        return record + [UInt8](repeating: UInt8(ascii: "\n"), count: max(0, Self.length - record.count))
    }

    /// Reads a record; nil when it is damaged.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.length, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let lines = text.split(separator: "\n")
        guard lines.count == 6, lines[0] == "mynah lease 1", let term = Self.field("term", lines[1], 1).flatMap({ Int($0[0]) }),
            term > 0, let holder = Self.field("holder", lines[2], 2).flatMap(Self.node),
            let time = Self.field("time", lines[4], nil), let nanoseconds = time.first.flatMap({ UInt64($0) }), time.count <= 2
        else { return nil }
        var successor: NodeID?
        if lines[3] != "successor none" {
            guard let node = Self.field("successor", lines[3], 2).flatMap(Self.node) else { return nil }
            successor = node
        }
        self.init(
            lease: Lease(term: term, holder: holder, successor: successor), nanoseconds: nanoseconds,
            boot: time.count == 2 ? String(time[1]) : "")
        // The checksum, and that nothing was read in another way than it is written.
        guard self.bytes == bytes else { return nil }
    }

    private static func field(_ name: String, _ line: Substring, _ count: Int?) -> [Substring]? {
        let words = line.split(separator: " ")
        guard words.first == name[...], words.count > 1, count.map({ words.count == $0 + 1 }) ?? true else { return nil }
        return Array(words.dropFirst())
    }

    private static func node(_ words: [Substring]) -> NodeID? {
        guard let name = NodeName(rawValue: String(words[0])), let instance = UInt64(words[1], radix: 16) else { return nil }
        return NodeID(name: name, instance: instance)
    }

    /// FNV-1a, 64 bits (Fowler, Noll, Vo 1991): against damage, not against forgery.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
