import CWorkers
import Glibc

/// The parent's view of one forked decoder. Used on the supervisor's thread.
struct DecoderProcess {
    /// nil until it has said hello.
    var processID: Int32?
    var reader = MessageReader()
    var lease: Lease?
    /// Which attempt at the lease's utterance this is.
    var attempt = 0
    var utterance: UInt32 = 0
    /// When it was asked for.
    let askedAt: UInt64
    private var watch: Watch?

    init(askedAt: UInt64) { self.askedAt = askedAt }

    /// What is known since the decoder began to owe an answer.
    private struct Watch {
        var owedSince: UInt64
        var processorTimeThen: UInt64
        var processorTime: UInt64
        var lastWorkedAt: UInt64
    }

    /// Whether the decoder owes an answer and will not give it. To be asked often.
    ///
    /// Waiting for a processor is not being stuck, so that an overloaded machine loses no utterance: only a decoder that computed for
    /// `limit` without a word, or did not compute at all for so long, is.
    mutating func isStuck(now: UInt64, limit: UInt64) -> Bool {
        guard let processID, let owed = lease?.owedSince else {
            watch = nil
            return false
        }
        // 0 when the process is gone, which its socket tells in a moment.
        let time = max(workers_processor_time(processID), watch?.processorTime ?? 0)
        guard var watch, watch.owedSince == owed else {
            watch = Watch(owedSince: owed, processorTimeThen: time, processorTime: time, lastWorkedAt: now)
            return false
        }
        if time != watch.processorTime {
            watch.processorTime = time
            watch.lastWorkedAt = now
        }
        self.watch = watch
        return time - watch.processorTimeThen > limit || now - watch.lastWorkedAt > limit
    }
}
