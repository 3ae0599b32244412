/// What a decoder is to do wrong with one utterance. It travels to the decoder's process in front of what was learnt of the speaker.
public enum DecoderFault: Sendable, Equatable {
    /// Its process ends as soon as it is given audio.
    case crash
    /// It stops for ever as soon as it is given audio.
    case hang
    /// Its answer takes so much longer.
    case slow(ms: Int)

    private static let mark: Character = "!"

    private var name: String {
        switch self {
        case .crash: "crash"
        case .hang: "hang"
        case .slow(let ms): "slow \(ms)"
        }
    }

    /// `adaptation` with this in front.
    public func marking(_ adaptation: String?) -> String { "\(Self.mark)\(name)\(Self.mark)\(adaptation ?? "")" }

    /// What ``marking(_:)`` put together; no fault when it did not.
    public static func read(_ marked: String?) -> (fault: DecoderFault?, adaptation: String?) {
        guard let marked, marked.first == mark else { return (nil, marked) }
        let parts = marked.dropFirst().split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (nil, marked) }
        let fault: DecoderFault? =
            switch parts[0] {
            case "crash": .crash
            case "hang": .hang
            default: Int(parts[0].drop { !$0.isNumber }).map { .slow(ms: $0) }
            }
        return (fault, parts[1].isEmpty ? nil : String(parts[1]))
    }
}
