/// The header `Content-Range` (RFC 9110 §14.4): which part of how much a response brings.
struct ContentRange: Equatable {
    /// The first byte; nil when none is brought.
    var start: Int?
    /// Bytes of the whole; nil when it is not known.
    var size: Int?

    /// `bytes 100-199/200`, `bytes 100-199/*` or `bytes */200`; nil for anything else.
    init?(_ value: String) {
        let parts = value.split(separator: " ")
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let sides = parts[1].split(separator: "/")
        guard sides.count == 2 else { return nil }
        if sides[0] != "*" {
            let ends = sides[0].split(separator: "-").map { Int($0) }
            guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
            start = first
        }
        if sides[1] != "*" {
            guard let size = Int(sides[1]) else { return nil }
            self.size = size
        }
    }
}
