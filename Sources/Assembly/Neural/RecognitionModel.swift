import Foundation
public import ModelLibrary
public import MynahConfiguration
public import SpeechModel

extension Settings.STT {
    /// Which files of a neural model are taken.
    public var precision: NetworkPrecision {
        switch computeDtype {
        case .int8: .int8
        case .float16: .float16
        case .float32: .float32
        }
    }
}

/// What recognises: the built-in engine with a model that came with the program, a neural model, or a remote engine.
public enum RecognitionModel: Sendable {
    case builtIn(ModelFiles)
    case neural(NeuralModel)
    case remote

    /// A neural model and where it is.
    public struct NeuralModel: Sendable {
        /// As it was added, or the name of its folder.
        public let name: String
        public let folder: String
        public let description: ModelDescription
    }

    /// Takes what the configuration names: the folder `stt.model_path`, else `stt.model_name`, else the model that was added for
    /// `language.default`, else the built-in one.
    ///
    /// - Parameter engine: instead of `stt.engine`.
    /// - Throws: ``ErrorCode/brokenModel`` or ``ErrorCode/invalidConfiguration``.
    public static func choose(
        _ settings: Settings, models: ModelFiles, engine: Settings.STT.Engine? = nil
    ) throws(SpeechError) -> RecognitionModel {
        let stt = settings.stt
        let engine = engine ?? stt.engine
        if let path = stt.modelPath, engine == .auto || engine == .sherpa {
            let folder = URL(fileURLWithPath: path).standardizedFileURL.path
            let name = folder.split(separator: "/").last.map(String.init) ?? folder
            let description = try ModelFolder(folder).inspect(stt.precision)
            return .neural(NeuralModel(name: name, folder: folder, description: description))
        }
        let library = ModelLibrary(modelsDirectory: settings.models.directory)
        switch engine {
        case .pocketsphinx: return .builtIn(models)
        case .openai: return .remote
        case .sherpa, .auto:
            let manifest = try library.manifest()
            let added = stt.modelName.flatMap { manifest.models[$0] == nil ? nil : $0 }
            guard
                let name = added
                    ?? (stt.modelName == nil
                        ? manifest.defaultModel(for: .recognition, language: settings.language.default) : nil)
            else {
                if engine == .auto { return .builtIn(models) }
                throw SpeechError(
                    .invalidConfiguration,
                    stt.modelName.map { "stt.model_name is \($0), and no model of that name was added." }
                        ?? "A neural model is to recognise, and none was added for \(settings.language.default).",
                    advice: "Add one: `mynah models add`; `mynah models list` shows those that there are.")
            }
            return .neural(
                NeuralModel(name: name, folder: library.folder(of: name), description: try manifest.model(name).description))
        }
    }
}
