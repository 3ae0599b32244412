/// Where a value comes from.
public enum Origin: Hashable, Sendable, CustomStringConvertible {
    case `default`
    case file(path: String, line: Int)
    case environment(name: String)
    case flag(name: String)

    public var description: String {
        switch self {
        case .default: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let name): "environment \(name)"
        case .flag(let name): "flag \(name)"
        }
    }

    /// The line in a file; 0 elsewhere.
    var line: Int {
        if case .file(_, let line) = self { line } else { 0 }
    }
}
