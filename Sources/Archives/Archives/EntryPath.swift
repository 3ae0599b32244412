/// Where in the folder an entry belongs, by the name that the archive gives it.
struct EntryPath {
    /// From the folder down; empty for the folder itself.
    let components: [String]

    /// Names of files have no more on Linux.
    private static let maximumComponentBytes = 255
    private static let maximumBytes = 1024
    private static let maximumDepth = 32

    /// nil for a name that is absolute, leads upwards, or can be no file's.
    init?(_ name: String) {
        guard !name.isEmpty, !name.hasPrefix("/"), name.utf8.count <= Self.maximumBytes else { return nil }
        // Control characters would be shown on terminals.
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return nil }
        let components = name.split(separator: "/").map(String.init).filter { $0 != "." }
        guard components.count <= Self.maximumDepth,
            components.allSatisfy({ $0 != ".." && $0.utf8.count <= Self.maximumComponentBytes })
        else { return nil }
        self.components = components
    }

    /// Below a folder.
    func path(below folder: String) -> String { components.reduce(folder) { $0 + "/" + $1 } }
}
