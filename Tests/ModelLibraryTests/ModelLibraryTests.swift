import Foundation
import ModelLibrary
import SpeechModel
import Testing

@Suite struct ModelLibraryTests {
    private let root: MadeUpModel.Folder
    private let library: ModelLibrary
    private let source: MadeUpModel.Folder

    init() throws {
        root = try MadeUpModel.Folder([:], named: "models")
        library = ModelLibrary(modelsDirectory: root.path)
        source = try MadeUpModel.Folder(
            [
                "model.onnx": MadeUpModel.onnx(MadeUpModel.nemoStreaming.merging(["language": "en"]) { $1 }),
                "tokens.txt": MadeUpModel.smallTokens, "notes.md": [1],
            ])
    }

    private func add(_ name: String) async throws -> Manifest.Model {
        try await library.add(ModelFolder(source.path), as: name, source: source.path) { _, _ in
            Trial(loadMS: 12, timesRealTime: 34)
        }
    }

    private func files(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".published") }.sorted()
    }

    @Test func `what is added is copied, noted, and serves its language`() async throws {
        let model = try await add("first")
        #expect(model.trial.timesRealTime == 34 && model.checksums["model.onnx"]?.count == 64)
        #expect(files(library.folder(of: "first")) == ["model.onnx", "tokens.txt"])
        // What it was called before tells its languages.
        #expect(try ModelFolder(library.folder(of: "first")).inspect() == model.description)
        let manifest = try library.manifest()
        #expect(manifest.models["first"] == model)
        #expect(manifest.defaultModel(for: .recognition, language: "en") == "first")
        #expect(manifest.defaultModel(for: .recognition, language: "de") == nil)
    }

    @Test func `a tokenizer's folder comes along, and is verified`() async throws {
        let folder = try MadeUpModel.Folder([
            "conv_frontend.onnx": MadeUpModel.onnx(), "encoder.onnx": MadeUpModel.onnx(), "decoder.onnx": MadeUpModel.onnx(),
            "tokenizer/vocab.json": [1], "tokenizer/merges.txt": [2],
        ])
        let model = try await library.add(ModelFolder(folder.path), as: "llm", source: folder.path) { _, _ in
            Trial(loadMS: 1, timesRealTime: 1)
        }
        #expect(model.checksums["tokenizer/vocab.json"]?.count == 64)
        #expect(files(library.folder(of: "llm") + "/tokenizer") == ["merges.txt", "vocab.json"])
        #expect(try ModelFolder(library.folder(of: "llm")).inspect().family == .qwen3)
        #expect(try library.damagedFiles(of: "llm").isEmpty)
        try Data([3]).write(to: URL(fileURLWithPath: library.folder(of: "llm") + "/tokenizer/vocab.json"))
        #expect(try library.damagedFiles(of: "llm") == ["tokenizer/vocab.json"])
    }

    @Test func `the first stays the default until another is chosen`() async throws {
        _ = try await add("first")
        _ = try await add("second")
        #expect(try library.manifest().defaultModel(for: .recognition, language: "en") == "first")
        #expect(try library.use("second", language: nil) == ["en"])
        #expect(try library.use("second", language: "de") == ["de"])
        let manifest = try library.manifest()
        #expect(manifest.defaultModel(for: .recognition, language: "en") == "second")
        #expect(manifest.defaultModel(for: .recognition, language: "de") == "second")
        #expect(throws: SpeechError.self) { try library.use("third", language: nil) }
        for language in ["EN", "en-US", "klingon", ""] {
            let error = #expect(throws: SpeechError.self) { try library.use("second", language: language) }
            #expect(error?.code == .invalidParameter && error?.message.contains("is not a language") == true)
        }
    }

    @Test func `a removed model is gone, and serves nothing`() async throws {
        _ = try await add("first")
        _ = try await add("second")
        #expect(try library.remove("first") == ["en": "second"])
        #expect(try library.manifest().defaultModel(for: .recognition, language: "en") == "second")
        // Somebody has removed the files by hand.
        try FileManager.default.removeItem(atPath: library.folder(of: "second"))
        #expect(try library.remove("second") == ["en": nil])
        #expect(try library.manifest().models.isEmpty)
        #expect(try library.manifest().defaultModel(for: .recognition, language: "en") == nil)
        #expect(!FileManager.default.fileExists(atPath: library.folder(of: "first")))
        #expect(throws: SpeechError.self) { try library.remove("first") }
    }

    @Test func `damage is found by its file`() async throws {
        _ = try await add("first")
        #expect(try library.damagedFiles(of: "first").isEmpty)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: library.folder(of: "first") + "/tokens.txt"))
        #expect(try library.damagedFiles(of: "first") == ["tokens.txt"])
        try FileManager.default.removeItem(atPath: library.folder(of: "first") + "/model.onnx")
        #expect(try library.damagedFiles(of: "first") == ["model.onnx", "tokens.txt"])
    }

    @Test func `a model that fails when it is tried leaves nothing behind`() async throws {
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await library.add(ModelFolder(source.path), as: "first", source: "") { _, _ in throw Failure() }
        }
        #expect(files(library.directory).isEmpty)
        #expect(try library.manifest().models.isEmpty)
    }

    @Test func `a name that is taken is refused`() async throws {
        _ = try await add("first")
        await #expect(throws: SpeechError.self) { _ = try await add("first") }
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "a b", "ä", String(repeating: "a", count: 65)])
    func `a name that is no folder's is refused`(name: String) async throws {
        let error = await #expect(throws: SpeechError.self) { _ = try await add(name) }
        #expect(error?.code == .invalidParameter)
    }

    @Test func `what lies there temporarily is not copied a second time`() async throws {
        _ = try await library.add(ModelFolder(source.path), as: "first", source: "", isTemporary: true) { _, _ in
            Trial(loadMS: 1, timesRealTime: 1)
        }
        func number(_ folder: String) throws -> UInt64? {
            try FileManager.default.attributesOfItem(atPath: folder + "/model.onnx")[.systemFileNumber] as? UInt64
        }
        #expect(try number(library.folder(of: "first")) == number(source.path))
    }

    @Test func `there is room on the disk, and less than there is disk`() throws {
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: root.path)
        let room = try library.room()
        #expect(room >= 0 && room < (attributes[.systemSize] as? Int ?? 0))
        let file = root.path + "/file"
        try Data().write(to: URL(fileURLWithPath: file))
        #expect(throws: SpeechError.self) { try ModelLibrary(modelsDirectory: file).room() }
    }

    @Test(arguments: ["name", "back\\slash"])
    func `the checksum of a file is that of its bytes`(name: String) throws {
        let file = root.path + "/" + name
        try Data("abc".utf8).write(to: URL(fileURLWithPath: file))
        #expect(try Checksums.sha256(of: file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `a manifest that is damaged is told, and not written over`() async throws {
        _ = try await add("first")
        let file = library.directory + "/manifest.json"
        try Data("{".utf8).write(to: URL(fileURLWithPath: file))
        await #expect(throws: SpeechError.self) { _ = try await add("second") }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "{")
    }

    @Test func `models that are added at the same time are all there`() async throws {
        try await withThrowingTaskGroup { group in
            for index in 0..<8 {
                group.addTask { [library, path = source.path] in
                    _ = try await library.add(ModelFolder(path), as: "model-\(index)", source: "") { _, _ in
                        Trial(loadMS: 0, timesRealTime: 1)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try library.manifest().models.count == 8)
    }
}
