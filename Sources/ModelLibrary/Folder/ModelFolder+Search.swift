import Foundation
public import SpeechModel

extension ModelFolder {
    /// The folder that holds a model's files: the topmost one with a network, of a folder and those in it.
    ///
    /// - Throws: ``ErrorCode/brokenModel``, when there is none, or more than one.
    public static func topmost(below root: String) throws(SpeechError) -> ModelFolder {
        var level = [root]
        while !level.isEmpty {
            let found = level.filter { folder in contents(folder).contains { isNetwork($0.name) && !$0.isFolder } }
            if found.count > 1 {
                let names = found.map { String($0.dropFirst(root.utf8.count + 1)) }.joined(separator: ", ")
                throw SpeechError(
                    .brokenModel, "It holds several models: \(names).",
                    advice: "Unpack it, and add the folder of the one you want.")
            }
            if let folder = found.first { return ModelFolder(folder) }
            level = level.flatMap { folder in contents(folder).filter(\.isFolder).map { folder + "/" + $0.name } }
        }
        throw SpeechError(
            .brokenModel, "It holds no .onnx file.",
            advice: "docs/models.md lists what can be used; take one that is published there.")
    }

    /// Links to folders are none: they could lead in circles.
    private static func contents(_ folder: String) -> [(name: String, isFolder: Bool)] {
        let manager = FileManager.default
        return ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).sorted().map { name in
            let type = try? manager.attributesOfItem(atPath: folder + "/" + name)[.type] as? FileAttributeType
            return (name, type == .typeDirectory)
        }
    }
}
