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
}
