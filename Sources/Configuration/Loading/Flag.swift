/// A setting given on the command line.
public struct Flag: Hashable, Sendable {
    /// The flag as it was typed, for messages: `--set` or `--listen`.
    public let name: String
    let key: String
    let value: String?

    /// A flag of its own for one setting, such as `--listen 127.0.0.1:9000`.
    public init(_ name: String, key: String, value: String) {
        self.name = name
        self.key = key
        self.value = value
    }

    /// The argument of `--set`: `key=value`; `key=` empties an optional setting.
    public static func set(_ assignment: String) -> Flag {
        let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return Flag(name: "--set", key: parts[0], value: parts.count == 2 ? parts[1] : nil)
    }

    private init(name: String, key: String, value: String?) {
        self.name = name
        self.key = key
        self.value = value
    }
}
