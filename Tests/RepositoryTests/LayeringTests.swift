import Testing

@Suite("Layers") struct LayeringTests {
    @Test("import only what the architecture allows")
    func arrows() throws {
        let files = try Repository.shippedFiles()
        #expect(files.count > 100, "The sources were not found.")
        let faults = Layering.faults(in: files)
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test(
        "are checked so that a forbidden import is found, however it is written",
        arguments: [
            "import NIOCore", "public import NIOCore", "@preconcurrency import NIOCore", "  internal   import NIOCore",
            "@_spi(Testing) public import struct NIOCore.ByteBuffer", "import class NIOCore.Channel",
            "import SpeechModel; import NIOCore",
        ])
    func forbidden(_ line: String) {
        let file = SourceFile(path: "Sources/Ports/Clock.swift", text: "// A comment\nimport SpeechModel\n\(line)\n")
        #expect(
            Layering.faults(in: [file]) == [
                "Sources/Ports/Clock.swift:3: Ports may not import NIOCore; see docs/ARCHITECTURE.md, Layers."
            ])
    }

    @Test("are checked so that allowed imports and comments pass")
    func allowed() {
        let text = "public import SpeechModel\n// import NIOCore\n/// important NIOCore\nlet imports = 1\n"
        #expect(Layering.faults(in: [SourceFile(path: "Sources/Ports/Clock.swift", text: text)]).isEmpty)
    }

    @Test("are checked so that a new module has to take its place")
    func unknown() {
        #expect(Layering.faults(in: [SourceFile(path: "Sources/Misc/Helper.swift", text: "")]).count == 1)
    }

    @Test("have arrows that point down only, so that no row imports itself")
    func down() {
        var lower: Set<String> = []
        for row in Layering.rows {
            for module in row {
                #expect(
                    module.imports.intersection(Layering.ours).isSubset(of: lower),
                    "\(module.name) imports its own row or one above")
            }
            lower.formUnion(row.map(\.name))
        }
    }

    @Test("up to the use cases know no vendor, no network and no Foundation")
    func pure() {
        for module in Layering.rows.joined() where Layering.pureModules.contains(module.name) {
            #expect(module.imports.subtracting(Layering.ours).isSubset(of: ["Glibc", "Synchronization"]), "\(module.name)")
        }
    }

    @Test("of engines stand on one library each, which nobody else imports")
    func engines() {
        let libraries: Set<String> = ["CFlite", "CMatrices", "CPocketSphinx", "CRNNoise", "CSherpaOnnx"]
        for module in Layering.rows.joined() {
            // That of a remote engine is a client that downloads need, too, and one is a program.
            let isEngine = module.folder.hasPrefix("Sources/Engines/") && !["EspeakEngine", "OpenAIEngine"].contains(module.name)
            #expect(module.imports.intersection(libraries).count == (isEngine ? 1 : 0), "\(module.name)")
        }
    }

    @Test("are all explained on the architecture page")
    func documented() throws {
        let page = try Repository.text("docs/ARCHITECTURE.md")
        for module in Layering.ours { #expect(page.contains("`\(module)`"), "docs/ARCHITECTURE.md does not name `\(module)`") }
    }
}
