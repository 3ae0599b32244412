public import SpeechModel

/// What is to go wrong on purpose, for tests and drills: the value of the environment variable `MYNAH_FAULTS`.
///
/// Parts with commas between: `crash=WHICH`, `hang=WHICH` and `slow=WHICH:MS` happen to the decoder of an utterance; `stall=STAGE:WHICH:MS`
/// keeps a session's thread in a stage (`preprocess`: when it begins to hear sound; `stt`: with an utterance; `language`: with a final);
/// `model=PATH`: as long as there is a file at that path, a recogniser that is started anew cannot read its model. `WHICH` counts from
/// the server's start, over all sessions: `3`, `2-5`, `*` for each, `*4` for every fourth. The fall-back recogniser has no faults.
public struct FaultPlan: Sendable, Equatable, CustomStringConvertible {
    /// Which of the things that are counted.
    public enum Which: Sendable, Equatable {
        case range(ClosedRange<Int>)
        case every(Int)

        func contains(_ number: Int) -> Bool {
            switch self {
            case .range(let range): range.contains(number)
            case .every(let step): number % step == 0
            }
        }
    }

    /// Something that takes longer.
    struct Delay: Equatable {
        let which: Which
        let ms: Int
    }

    /// Stages that can be stalled.
    public static let stallable: [PipelineStage] = [.preprocess, .stt, .language]
    /// The environment variable.
    public static let variable = "MYNAH_FAULTS"

    /// As it was written.
    public let description: String
    private var crash: Which?
    private var hang: Which?
    private var slow: Delay?
    private var stalls: [PipelineStage: Delay] = [:]
    /// While a file is here, the model cannot be read.
    public private(set) var modelIsGoneWhile: String?

    /// What the environment asks for; nil for nothing.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration``.
    public static func from(_ environment: [String: String]) throws(SpeechError) -> FaultPlan? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        return try FaultPlan(text)
    }

    /// Reads a plan.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` naming the part that makes no sense.
    public init(_ text: String) throws(SpeechError) {
        description = text
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = part.firstIndex(of: "="), take(part[..<equals], String(part[part.index(after: equals)...])) else {
                throw SpeechError(
                    .invalidConfiguration, "environment \(Self.variable): “\(part.prefix(60))” is no fault.",
                    advice:
                        "Unset it, or write crash=WHICH, hang=WHICH, slow=WHICH:MS, stall=preprocess|stt|language:WHICH:MS or "
                        + "model=PATH, with commas between; WHICH is 3, 2-5, * or *4.")
            }
        }
    }

    private mutating func take(_ name: Substring, _ value: String) -> Bool {
        let fields = value.split(separator: ":", omittingEmptySubsequences: false)
        switch name {
        case "crash" where crash == nil: crash = Self.which(fields[...])
        case "hang" where hang == nil: hang = Self.which(fields[...])
        case "slow" where slow == nil: slow = Self.delay(fields[...])
        case "stall":
            guard let stage = PipelineStage(rawValue: String(fields[0])), Self.stallable.contains(stage), stalls[stage] == nil
            else { return false }
            stalls[stage] = Self.delay(fields.dropFirst())
            return stalls[stage] != nil
        case "model" where modelIsGoneWhile == nil && value.hasPrefix("/"): modelIsGoneWhile = value
        default: return false
        }
        return name == "crash" ? crash != nil : name == "hang" ? hang != nil : name == "slow" ? slow != nil : true
    }

    private static func delay(_ fields: ArraySlice<Substring>) -> Delay? {
        guard fields.count == 2, let which = which(fields.dropLast()), let ms = Int(fields.last!), (1...600_000).contains(ms)
        else { return nil }
        return Delay(which: which, ms: ms)
    }

    private static func which(_ fields: ArraySlice<Substring>) -> Which? {
        guard fields.count == 1, let text = fields.first else { return nil }
        if text == "*" { return .every(1) }
        if text.hasPrefix("*") { return Int(text.dropFirst()).flatMap { $0 > 0 ? .every($0) : nil } }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first > 0, first <= last else { return nil }
        return .range(first...last)
    }

    /// What happens to the decoder of the utterance with this number.
    func decoderFault(_ number: Int) -> DecoderFault? {
        if crash?.contains(number) == true { return .crash }
        if hang?.contains(number) == true { return .hang }
        return slow.flatMap { $0.which.contains(number) ? .slow(ms: $0.ms) : nil }
    }

    /// For how many ms a stage is stalled when it does something for the `number`th time; nil for not at all.
    public func stall(_ stage: PipelineStage, _ number: Int) -> Int? {
        stalls[stage].flatMap { $0.which.contains(number) ? $0.ms : nil }
    }
}
