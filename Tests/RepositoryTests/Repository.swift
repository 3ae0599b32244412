import Foundation

/// The files of this repository.
enum Repository {
    /// Where `Package.swift` is.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Reads a text file.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Every Swift file of a folder and the folders in it.
    static func swiftFiles(in folder: String) throws -> [SourceFile] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { $0.hasSuffix(".swift") }.sorted()
            .map { SourceFile(path: "\(folder)/\($0)", text: try text("\(folder)/\($0)")) }
    }

    /// Every Swift file that ships.
    static func shippedFiles() throws -> [SourceFile] { try swiftFiles(in: "Sources") + swiftFiles(in: "Web") }
}

/// One Swift file.
struct SourceFile {
    /// From the repository's root.
    var path: String
    var text: String

    /// The lines without the spaces at both ends; the first is line 1.
    var lines: [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The modules that it imports, with the lines.
    var imports: [(line: Int, module: String)] {
        let words = ["struct", "class", "enum", "protocol", "actor", "typealias", "func", "var", "let"]
        return lines.enumerated().flatMap { index, line -> [(line: Int, module: String)] in
            line.split(separator: ";").compactMap { statement in
                guard
                    let match = statement.prefixMatch(
                        of: /\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(.+)/)
                else { return nil }
                let names = match.1.split(separator: " ").map(String.init).drop { words.contains($0) }
                return names.first.map { (line: index + 1, module: String($0.prefix { $0 != "." })) }
            }
        }
    }
}
