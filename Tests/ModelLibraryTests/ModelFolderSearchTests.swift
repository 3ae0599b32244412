import Foundation
import ModelLibrary
import SpeechModel
import Testing

@Suite struct ModelFolderSearchTests {
    /// Makes empty files, and folders of names that end with `/`.
    private func folder(_ names: [String]) throws -> MadeUpModel.Folder {
        let root = try MadeUpModel.Folder([:])
        for name in names {
            let path = root.path + "/" + name
            let isFolder = name.hasSuffix("/")
            try FileManager.default.createDirectory(
                atPath: isFolder ? path : URL(fileURLWithPath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            if !isFolder { try Data().write(to: URL(fileURLWithPath: path)) }
        }
        return root
    }

    @Test(
        arguments: [
            (["model.onnx", "sub/model.onnx"], ""),
            (["README", "zipformer/encoder.onnx", "zipformer/test/other.onnx"], "/zipformer"),
            (["a/b/c/model.ort", "a/d/", "folder.onnx/"], "/a/b/c"),
        ] as [([String], String)])
    func `the topmost folder with a network holds the model`(names: [String], found: String) throws {
        let root = try folder(names)
        #expect(try ModelFolder.topmost(below: root.path).path == root.path + found)
    }

    @Test(
        arguments: [
            (["a/model.onnx", "b/model.onnx"], "several models: a, b"), (["README", "a/b/"], "no .onnx file"),
        ] as [([String], String)])
    func `none, or more than one, is told`(names: [String], said: String) throws {
        let root = try folder(names)
        let error = #expect(throws: SpeechError.self) { try ModelFolder.topmost(below: root.path) }
        #expect(error?.message.contains(said) == true)
    }

    @Test func `links to folders are not followed`() throws {
        let root = try folder(["a/"])
        try FileManager.default.createSymbolicLink(atPath: root.path + "/a/again", withDestinationPath: "..")
        #expect(throws: SpeechError.self) { try ModelFolder.topmost(below: root.path) }
    }
}
