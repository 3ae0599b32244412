import Ports
import SpeechModel

extension Supervisor {
    /// What other threads want of it.
    enum Order {
        case start(CheckedContinuation<Void, any Error>)
        case begin(Lease)
        case attend
        /// The lease needs no decoder for the moment.
        case release(Lease)
        case stop(CheckedContinuation<Void, Never>)

        var isStop: Bool { if case .stop = self { true } else { false } }
    }

    /// An utterance without a decoder.
    struct Waiting {
        var lease: Lease
        var attempt: Int
        var since: UInt64
        /// The decoder must have been asked for at this time or later: a second attempt wants a fresh process, not a neighbour of the
        /// one that died, which may be dying of the same cause.
        var decoderSince: UInt64 = 0
        /// It waits behind those who are speaking.
        var isBackground: Bool { lease.request.isBackground }
    }
}
