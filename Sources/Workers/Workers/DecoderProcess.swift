/// The parent's view of one decoder: a forked process, or a slot of a process that all of them share. Used on the supervisor's thread.
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
    private var watch = HangWatch()

    init(askedAt: UInt64) { self.askedAt = askedAt }

    /// Whether the decoder owes an answer and will not give it. To be asked often.
    mutating func isStuck(now: UInt64, limit: UInt64) -> Bool {
        guard let processID else { return false }
        return watch.isStuck(processID: processID, owedSince: lease?.owedSince, now: now, limit: limit)
    }
}
