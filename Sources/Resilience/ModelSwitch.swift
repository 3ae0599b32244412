public import Ports
public import SpeechModel
import Synchronization

/// A recogniser of several models: one that serves by default, which can be exchanged while speech is being recognised, and others that
/// are loaded when a session asks for them.
///
/// Every session keeps the model that it began with. One that is neither the default nor anybody's is freed.
public final class ModelSwitch: Recognizer, ModelChoice {
    /// What can be had, as it stands at the moment.
    public struct Catalogue: Sendable {
        /// The name of the model that serves each language, the configured default under ``defaultLanguage``.
        public var defaults: [String: String]
        /// The name of the one that serves languages without an own, and has no list of them.
        public var anyLanguage: String?
        /// The name of the one that finds out itself what is spoken.
        public var unknownLanguage: String?
        /// Every name, and the languages that its model serves; nil where it does not say.
        public var names: [String: Set<String>?]
        /// The configured `language.default`.
        public var defaultLanguage: String

        /// Lists models.
        public init(
            defaults: [String: String], names: [String: Set<String>?], defaultLanguage: String, anyLanguage: String? = nil,
            unknownLanguage: String? = nil
        ) {
            self.defaults = defaults
            self.anyLanguage = anyLanguage
            self.unknownLanguage = unknownLanguage
            self.names = names
            self.defaultLanguage = defaultLanguage
        }
    }

    /// Something that an operator wants to know.
    public enum News: Sendable {
        case loaded(String)
        case failed(String, any Error)
        case freed(String)
    }

    private struct Entry {
        let standIn: StandIn
        /// Sessions that have it.
        var pins = 0
    }

    private struct State {
        var catalogue: Catalogue
        var entries: [String: Entry] = [:]
        /// The default that is loaded.
        var current: String
        /// The default that is being loaded instead.
        var next: String?

        func name(model: String?, language: String?) throws(SpeechError) -> String {
            if let model {
                guard let served = catalogue.names[model] else {
                    throw SpeechError(
                        .invalidParameter, "There is no model `\(model.prefix(64))`.",
                        advice: "Use one of: \(catalogue.names.keys.sorted().joined(separator: ", ")); or leave it out.")
                }
                if let language, language != SpokenLanguage.unknown, let served, !served.contains(language) {
                    throw SpeechError(
                        .invalidParameter, "The model \(model) does not serve the language \(language.prefix(16)).",
                        advice: "It serves: \(served.sorted().joined(separator: ", ")). Name one of these, or no language.")
                }
                return model
            }
            guard let language, language != catalogue.defaultLanguage else { return current }
            if language == SpokenLanguage.unknown {
                guard let name = catalogue.unknownLanguage else {
                    throw SpeechError(
                        .invalidParameter, "No model here finds out which language is spoken.",
                        advice: "Name one of: \(catalogue.defaults.keys.sorted().joined(separator: ", ")).")
                }
                return name
            }
            guard let name = catalogue.defaults[language] ?? catalogue.anyLanguage else {
                throw SpeechError(
                    .invalidParameter, "The language \(language.prefix(16)) has no model here.",
                    advice: "Use one of: \(catalogue.defaults.keys.sorted().joined(separator: ", ")).")
            }
            return name
        }
    }

    private let initial: RecognizerIdentity
    private let hasStarted = Atomic(false)
    private let state: Mutex<State>
    private let make: @Sendable (_ model: String) throws -> any Recognizer
    private let clock: any Clock
    private let report: @Sendable (News) -> Void
    /// After a failure nothing is tried again for so long.
    private static let pause: UInt64 = 10_000_000_000

    /// Makes a switch; nothing is loaded before ``start()``.
    ///
    /// - Parameters:
    ///   - identity: of the model that serves by default.
    ///   - make: makes the recogniser of a name.
    ///   - report: called on any thread.
    public init(
        _ catalogue: Catalogue, identity: RecognizerIdentity, clock: any Clock,
        make: @escaping @Sendable (_ model: String) throws -> any Recognizer,
        report: @escaping @Sendable (News) -> Void = { _ in }
    ) {
        initial = identity
        self.make = make
        self.clock = clock
        self.report = report
        state = Mutex(State(catalogue: catalogue, current: identity.model))
    }

    /// The model that serves by default.
    public var current: String { state.withLock { $0.current } }
    /// Languages that can be asked for.
    public var languages: Set<String> { state.withLock { Set($0.catalogue.defaults.keys) } }
    /// The recogniser that serves by default.
    public var currentRecognizer: (any Recognizer)? { state.withLock { $0.entries[$0.current]?.standIn.current } }

    public var identity: RecognizerIdentity { currentRecognizer?.identity ?? initial }

    /// Of the models that are loaded, together.
    public var load: RecognizerLoad {
        let loaded = state.withLock { $0.entries.values.compactMap(\.standIn.current) }
        return loaded.reduce(into: RecognizerLoad(ready: 0, busy: 0, waiting: 0, capacity: 0)) { sum, recognizer in
            let load = recognizer.load
            sum.ready += load.ready
            sum.busy += load.busy
            sum.waiting += load.waiting
            sum.capacity += load.capacity
        }
    }

    /// Loads the default.
    public func start() async throws {
        try await standIn(of: current).ready()
        hasStarted.store(true, ordering: .releasing)
    }

    public func stop() async {
        let all = state.withLock { state in
            defer { state.entries = [:] }
            return state.entries.values.map(\.standIn)
        }
        for standIn in all { await standIn.stop() }
    }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        guard let recognizer = standIn(of: request.model?.name ?? current).need() else { return Unloaded(request, observer) }
        return recognizer.begin(request, observer: observer)
    }

    public func pin(model: String?, language: String?) throws(SpeechError) -> ModelPin {
        let (name, spoken) = try state.withLock { state throws(SpeechError) in
            let name = try state.name(model: model, language: language)
            state.entries[name, default: Entry(standIn: makeStandIn(name))].pins += 1
            return (name, language ?? state.catalogue.defaultLanguage)
        }
        // It may as well be loaded before anybody has said a word.
        _ = standIn(of: name).need()
        return ModelPin(name, language: spoken == SpokenLanguage.unknown ? nil : spoken) { [weak self] in self?.unpin(name) }
    }

    /// What can be had has changed: a new default is loaded, and serves as soon as it can; until then the old one does.
    public func change(to catalogue: Catalogue) {
        let next = state.withLock { state -> String? in
            state.catalogue = catalogue
            guard let name = catalogue.defaults[catalogue.defaultLanguage], name != state.next else { return nil }
            state.next = name == state.current ? nil : name
            return state.next
        }
        guard let next else { return }
        Task {
            do {
                try await standIn(of: next).ready()
                let old = state.withLock { state -> String? in
                    // Meanwhile another one may have been chosen.
                    guard state.next == next else { return nil }
                    defer { (state.current, state.next) = (next, nil) }
                    return state.current
                }
                if old != nil { report(.loaded(next)) }
                free(old ?? next)
            } catch {
                // The catalogue's next change tries again; the stand-in has told of the failure.
                state.withLock { if $0.next == next { $0.next = nil } }
                free(next)
            }
        }
    }

    private func standIn(of name: String) -> StandIn {
        state.withLock { state in
            if let entry = state.entries[name] { return entry.standIn }
            let entry = Entry(standIn: makeStandIn(name))
            state.entries[name] = entry
            return entry.standIn
        }
    }

    private func makeStandIn(_ name: String) -> StandIn {
        StandIn(pause: Self.pause, clock: clock, make: { [make] in try make(name) }) { [weak self] result in
            // Who starts it hears of the first one's failure by an error.
            guard let self, hasStarted.load(ordering: .acquiring), case .failure(let error) = result else { return }
            report(.failed(name, error))
        }
    }

    private func unpin(_ name: String) {
        state.withLock { $0.entries[name]?.pins -= 1 }
        free(name)
    }

    /// Frees a model that is nobody's.
    private func free(_ name: String) {
        let standIn = state.withLock { state -> StandIn? in
            guard let entry = state.entries[name], entry.pins <= 0, name != state.current, name != state.next else { return nil }
            state.entries[name] = nil
            return entry.standIn
        }
        guard let standIn else { return }
        Task {
            await standIn.stop()
            report(.freed(name))
        }
    }
}

/// An utterance whose model cannot be had at the moment.
private final class Unloaded: Recognition {
    init(_ request: RecognitionRequest, _ observer: any RecognitionObserver) {
        observer.recognition(
            request.key,
            updated: .failed(
                SpeechError(
                    .recogniserFailed, "The model \(request.model?.name ?? "") cannot be loaded at the moment.",
                    advice: "Use another one, or try again in a moment; the server's log says why.")))
    }

    func append(_ samples: UnsafeBufferPointer<Int16>) {}
    func finish() {}
    func cancel() {}
    func park() {}
}
