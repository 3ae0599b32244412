import SpeechModel
import Synchronization

/// The people who have spoken in one session, by their voices.
///
/// Online clustering: an utterance belongs to the nearest mean of what was heard so far, if that is near enough, else to somebody new
/// (leader clustering, Hartigan, *Clustering Algorithms*, 1975, ch. 3). Nobody who spoke once is renumbered.
public final class SpeakerBook: Sendable {
    /// More people are not told apart; whoever comes after them is the nearest of these.
    public static let maximumSpeakers = 32
    /// A voice is never better known than after so many seconds of speech, so that it can change with the room.
    private static let memory = 32.0

    private struct Speaker {
        var mean: [Double]
        var weight: Double

        mutating func add(_ voice: [Double], weight new: Double) {
            let all = weight + new
            for index in mean.indices { mean[index] += (voice[index] - mean[index]) * new / all }
            weight = min(all, SpeakerBook.memory)
        }
    }

    private let threshold: Double
    private let speakers = Mutex<[Speaker]>([])
    private let last = Mutex<Place?>(nil)

    /// Makes an empty book.
    ///
    /// - Parameter threshold: the largest cosine distance, 0 to 2, of one person's voice to its mean.
    public init(threshold: Double) { self.threshold = threshold }

    /// The place of the next utterance in the order of speech: people are numbered as they first speak, whichever utterance is recognised
    /// first.
    public func nextPlace() -> Place {
        last.withLock { last in
            let place = Place(after: last)
            last = place
            return place
        }
    }

    /// Who it is whose voice has this embedding; nil when it says nothing.
    ///
    /// - Parameter weight: how far it is to be trusted: seconds of speech.
    public func name(of embedding: [Double], weight: Double) -> String? {
        guard let voice = Self.normalized(embedding) else { return nil }
        return speakers.withLock { speakers in
            let known = speakers.indices.filter { speakers[$0].mean.count == voice.count }
            let nearest = known.map { (index: $0, distance: Self.distance(voice, speakers[$0].mean)) }.min {
                $0.distance < $1.distance
            }
            guard let nearest, nearest.distance <= threshold || speakers.count >= Self.maximumSpeakers else {
                speakers.append(Speaker(mean: voice, weight: weight))
                return SpeakerTurn.name(of: speakers.count - 1)
            }
            speakers[nearest.index].add(voice, weight: weight)
            return SpeakerTurn.name(of: nearest.index)
        }
    }

    private static func normalized(_ vector: [Double]) -> [Double]? {
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 && length.isFinite ? vector.map { $0 / length } : nil
    }

    /// Cosine distance: 0 the same direction, 1 nothing in common, 2 the opposite.
    private static func distance(_ a: [Double], _ mean: [Double]) -> Double {
        let product = zip(a, mean).reduce(0) { $0 + $1.0 * $1.1 }
        let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return 1 - product / max(length, .leastNonzeroMagnitude)
    }
}
