import Glibc
import SpeechModel

/// Keeps one ``Template`` running: starts it, hears it, and starts it again after a growing pause. Used on the supervisor's thread.
struct TemplateKeeper {
    private static let pausesMS = 100...5000

    private let command: [String]
    private let loadTimeoutMS: Int
    private var template: Template?
    private var retryAt: UInt64?
    private var pauseMS = 0
    /// Whether the last template ended before it had proved itself: the model is at fault then, and not what was asked of it.
    private(set) var isBroken = false
    private var isProved = false
    /// Templates that were started so far.
    private(set) var starts = 0

    init(command: [String], loadTimeoutMS: Int) {
        self.command = command
        self.loadTimeoutMS = loadTimeoutMS
    }

    /// Whether it can fork decoders.
    var isLoaded: Bool { template?.isLoaded ?? false }
    /// Utterances that it decodes in real time, where it has measured that.
    var realTimeStreams: Int? { template?.realTimeStreams }
    /// What a process that does jobs tells of its model.
    var greeting: [JobValue] { template?.greeting ?? [] }
    /// The process, while there is one.
    var processID: Int32? { template?.processID }
    /// Whether something is due at a certain time.
    var isTimed: Bool { retryAt != nil }
    /// Where it speaks, for poll(2).
    var control: CInt? { template?.control }
    /// Where it and its forks print, for poll(2).
    var errors: CInt? { template?.errors }

    /// Starts the template when it is due, and gives up one that loads for too long; returns why it failed.
    mutating func keep(now: UInt64) -> (any Error)? {
        if let template {
            guard !template.isLoaded, now > template.startedAt + UInt64(loadTimeoutMS) * 1_000_000 else { return nil }
            return SpeechError(
                .brokenModel, "A model was not loaded within \(loadTimeoutMS / 1000) s.",
                advice: "Check the disk and the model files with `mynah doctor`.")
        }
        guard now >= retryAt ?? 0 else { return nil }
        retryAt = nil
        starts += 1
        do {
            template = try Template(command: command, startedAt: now)
            return nil
        } catch {
            return error
        }
    }

    /// Asks for one more decoder: its socket; nil when the template is gone.
    func fork() -> CInt? { template?.fork() }

    /// Hears what the template says; returns why it failed, if it did.
    mutating func listen(_ buffer: inout [UInt8]) -> (any Error)? {
        switch template?.listen(&buffer) {
        case nil, .nothing, .loaded, .stepped: return nil
        case .failed(let text):
            return SpeechError(
                .brokenModel, "A model could not be loaded: \(text)",
                advice: "`mynah doctor` and `mynah models verify` tell what is damaged; install or add that again.")
        case .ended: return ended
        }
    }

    /// Somebody can be served.
    mutating func prove() {
        pauseMS = 0
        isBroken = false
        isProved = true
    }

    /// The steps that were taken since the last call.
    mutating func takeSteps() -> [ModelStep] {
        defer { template?.steps.removeAll(keepingCapacity: true) }
        return template?.steps ?? []
    }

    /// The error that a template which ended by itself is, with the last words that ``readErrors(_:)`` gave.
    var ended: any Error {
        let lines = template?.lastErrors.map { $0.trimmingSpaces }.filter { !$0.isEmpty && !$0.hasPrefix("failed") } ?? []
        let how = template?.howItEnded().map { [$0] } ?? []
        let last = (how + lines.suffix(3)).joined(separator: "; ")
        return SpeechError(
            .brokenModel,
            "The process ended that used the model in \(command.last ?? "")\(last.isEmpty ? "." : ": \(last).")",
            advice: "`mynah doctor` and `mynah models verify` tell what is damaged; install or add that again.")
    }

    /// The lines that were printed since the last call.
    func readErrors(_ buffer: inout [UInt8]) -> [String] { template?.readErrors(&buffer) ?? [] }

    /// Ends the template and plans the next one; returns in how many milliseconds.
    mutating func restart(now: UInt64) -> Int {
        isBroken = !isProved
        isProved = false
        end(patienceMS: 0)
        pauseMS = min(max(pauseMS * 2, Self.pausesMS.lowerBound), Self.pausesMS.upperBound)
        retryAt = now + UInt64(pauseMS) * 1_000_000
        return pauseMS
    }

    /// Ends the template, and all decoders with it.
    mutating func end(patienceMS: Int) {
        template?.end(patienceMS: patienceMS)
        template = nil
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
