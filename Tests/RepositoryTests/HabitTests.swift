import Testing

@Suite("The repository") struct HabitTests {
    @Test("tells a newcomer the two commands, and both exist", arguments: ["run", "test"])
    func commands(_ target: String) throws {
        #expect(try Repository.text("README.md").contains("make \(target)"))
        #expect(try Repository.text("Makefile").contains("\n\(target):"))
    }

    @Test("gives a reason right above whatever the compiler's concurrency checks were told to trust")
    func unchecked() throws {
        let faults = try Repository.shippedFiles().flatMap { Self.unexplained(in: $0) }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test(
        "is checked so that a missing reason is found",
        arguments: [
            ("final class A: @unchecked Sendable {", true),
            ("\n/// What A is.\n@MainActor\nfinal class A: @unchecked Sendable {", true),
            ("// @unchecked: immutable.\n\nfinal class A: @unchecked Sendable {", true),
            ("nonisolated(unsafe) var a = 0", true),
            ("// @unchecked: immutable.\nfinal class A: @unchecked Sendable {", false),
            ("/// What A is.\n// @unchecked: immutable.\n@frozen\nstruct A: @unchecked Sendable {", false),
            ("// Written before any thread starts.\nnonisolated(unsafe) var a = 0", false),
            ("// A word about @unchecked Sendable", false),
        ])
    func finds(_ text: String, _ isFault: Bool) {
        #expect(Self.unexplained(in: SourceFile(path: "A.swift", text: text)).count == (isFault ? 1 : 0))
    }

    /// Uses of the two escapes without a `//` comment above; attributes may stand between, a `///` says what a thing is, not why.
    private static func unexplained(in file: SourceFile) -> [String] {
        let lines = file.lines
        return lines.indices.filter { index in
            let line = lines[index]
            guard !line.hasPrefix("//"), line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") else {
                return false
            }
            let above = lines[..<index].reversed().drop { $0.hasPrefix("@") }.prefix { $0.hasPrefix("//") }
            return !above.contains { !$0.hasPrefix("///") }
        }.map { "\(file.path):\($0 + 1): say in a // comment right above why this is safe." }
    }
}
