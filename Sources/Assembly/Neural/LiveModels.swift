import Foundation
import Logging
import ModelLibrary
import MynahConfiguration
import PocketSphinxEngine
import Ports
import Resilience
import SpeechModel
import Synchronization
import Workers

/// The models of live sessions: which there are, and which of them serves whom, as the library stands at the moment.
struct LiveModels: Sendable {
    let models: ModelSwitch
    private let settings: Settings
    private let builtIn: ModelFiles
    private let library: ModelLibrary
    /// When the library was last changed, as far as it was looked at.
    private let seen: ModificationTime

    /// Chooses the model that serves by default.
    ///
    /// - Parameter initial: the pool with it, which is started by ``ModelSwitch/start()``.
    init(
        _ initial: WorkerPool, settings: Settings, builtIn: ModelFiles, metrics: RecognitionMetrics, logger: Logger
    ) throws(SpeechError) {
        self.settings = settings
        self.builtIn = builtIn
        library = ModelLibrary(modelsDirectory: settings.models.directory)
        seen = ModificationTime(library.modified)
        let first = FirstPool(initial)
        let identity = initial.identity
        models = ModelSwitch(
            try Self.catalogue(settings, library: library, builtIn: builtIn, current: identity.model), identity: identity,
            clock: SystemClock(),
            make: { [library] name in
                if name == identity.model, let pool = first.take() { return pool }
                return try Self.pool(
                    name, settings: settings, library: library, builtIn: builtIn, metrics: metrics, logger: logger)
            },
            report: { news in
                switch news {
                case .loaded(let name): logger.notice("another model serves new sessions", metadata: ["model": "\(name)"])
                case .failed(let name, let error):
                    logger.error("a model cannot be used", metadata: ["model": "\(name)", "reason": "\(error)"])
                case .freed(let name):
                    logger.notice("a model that nobody uses any more was freed", metadata: ["model": "\(name)"])
                }
            })
    }

    /// Takes up what was added, removed or chosen since the last look.
    func look(_ logger: Logger) {
        guard seen.changed(to: library.modified) else { return }
        do {
            models.change(
                to: try Self.catalogue(settings, library: library, builtIn: builtIn, current: models.current))
        } catch {
            logger.error("the list of models cannot be read; those that are loaded go on", metadata: ["reason": "\(error)"])
        }
    }

    private static func pool(
        _ name: String, settings: Settings, library: ModelLibrary, builtIn: ModelFiles,
        metrics: RecognitionMetrics, logger: Logger
    ) throws -> WorkerPool {
        if let model = try library.manifest().models[name] {
            return Recognition.makeNeural(
                RecognitionModel.NeuralModel(name: name, folder: library.folder(of: name), description: model.description),
                mode: .live, settings: settings, metrics: metrics, logger: logger)
        }
        guard name == builtIn.name else {
            throw SpeechError(
                .recogniserFailed, "The model \(name) was removed.", advice: "Choose another; `mynah models list` shows them.")
        }
        return try Recognition.makeBuiltIn(mode: .live, settings: settings, models: builtIn, logger: logger)
    }

    private static func catalogue(
        _ settings: Settings, library: ModelLibrary, builtIn: ModelFiles, current: String
    ) throws(SpeechError) -> ModelSwitch.Catalogue {
        let language = settings.language.default
        var names: [String: Set<String>?] = [:]
        var defaults: [String: String] = [:]
        var anyLanguage: String?
        var unknownLanguage: String?
        if settings.stt.engine != .sherpa, (try? builtIn.check()) != nil {
            names[builtIn.name] = .some([builtIn.language, language])
            defaults[builtIn.language] = builtIn.name
            defaults[language] = builtIn.name
        }
        if settings.stt.engine != .pocketsphinx {
            let manifest = try library.manifest()
            let chosen = manifest.defaults[.recognition] ?? [:]
            for (served, name) in chosen where served != Manifest.anyLanguage { defaults[served] = name }
            for (name, model) in manifest.models where model.description.family.task == .recognition {
                // Somebody may know better than its folder's name.
                names[name] = .some(model.description.servedLanguages?.union(chosen.filter { $0.value == name }.keys))
            }
            if let name = chosen[Manifest.anyLanguage], let model = manifest.models[name]?.description {
                for served in model.tellableLanguages ?? [] where defaults[served] == nil { defaults[served] = name }
                if model.tellableLanguages == nil, !model.family.mustBeTold { anyLanguage = name }
            }
            defaults[language] = manifest.defaultModel(for: .recognition, language: language) ?? defaults[language]
            let candidates = [defaults[language], chosen[Manifest.anyLanguage]].compactMap(\.self) + chosen.values.sorted()
            unknownLanguage = candidates.first { manifest.models[$0]?.description.readsAnyOfItsLanguages == true }
        }
        // A model that the configuration names is not exchanged, and one in a folder of its own is in no list.
        if settings.stt.modelName != nil || settings.stt.modelPath != nil {
            names[current] = .some([language])
            defaults[language] = current
            if case .neural(let model) = try? RecognitionModel.choose(settings, models: builtIn) {
                names[current] = .some(model.description.servedLanguages?.union([language]))
                for served in model.description.tellableLanguages ?? [] { defaults[served] = current }
                if model.description.readsAnyOfItsLanguages { unknownLanguage = current }
            }
        }
        return ModelSwitch.Catalogue(
            defaults: defaults.merging([language: current]) { listed, _ in listed }, names: names, defaultLanguage: language,
            anyLanguage: anyLanguage, unknownLanguage: unknownLanguage)
    }
}

/// The pool that was made to see whether the model can be used; the first who needs it gets it.
private final class FirstPool: Sendable {
    private let pool: Mutex<WorkerPool?>
    init(_ pool: WorkerPool) { self.pool = Mutex(pool) }
    func take() -> WorkerPool? { pool.withLock { $0.take() } }
}

private final class ModificationTime: Sendable {
    private let time: Mutex<Date?>
    init(_ time: Date?) { self.time = Mutex(time) }

    func changed(to new: Date?) -> Bool {
        time.withLock { time in
            defer { time = new }
            return time != new
        }
    }
}

extension ModelSwitch {
    /// Of the process of the model that serves by default.
    var statistics: WorkerPool.Statistics { (currentRecognizer as? WorkerPool)?.statistics ?? WorkerPool.Statistics() }
}
