import Lanes
import SpeechModel

/// A publisher's queue and the thread that empties it.
final class PublisherLoop: Sendable {
    /// Messages that the thread takes at once. It bounds what is beyond the queue's capacity.
    private static let batchSize = 1024
    /// Until it is asked again whether what waits may be sent.
    private static let patience = Duration.milliseconds(5)

    private enum Phase {
        case made, running, stopping, stopped
    }

    private struct State: Sendable {
        var phase = Phase.made
        var ring: MessageRing
        /// The thread sleeps, or is about to: whoever gives it work has to wake it.
        var isIdle = false
        var counters = PublisherCounters()
        var topics: Set<[UInt8]> = []
        var waiters: [Waiter] = []
        var nextWaiter = 0
        var stops: [CheckedContinuation<Void, Never>] = []

        /// Whether the thread must be woken; only the first who asks must do it.
        mutating func takeIdle() -> Bool {
            defer { isIdle = false }
            return isIdle
        }

        /// Whether a message of this topic reaches somebody; of any topic when it is empty.
        func isSubscribed(_ topic: [UInt8]) -> Bool { Self.reaches(topic, topics) }

        private static func reaches(_ topic: [UInt8], _ topics: Set<[UInt8]>) -> Bool {
            topic.isEmpty ? !topics.isEmpty : topics.contains { topic.starts(with: $0) }
        }

        mutating func takeServed() -> [Waiter] {
            let topics = topics
            return takeWaiters { Self.reaches($0.topic, topics) }
        }

        mutating func takeWaiters(_ isDone: (Waiter) -> Bool) -> [Waiter] {
            let taken = waiters.filter(isDone)
            waiters.removeAll { waiter in taken.contains { $0.id == waiter.id } }
            return taken
        }
    }

    private struct Waiter: Sendable {
        var id: Int
        var topic: [UInt8]
        var deadline: ContinuousClock.Instant
        var continuation: CheckedContinuation<Bool, Never>
    }

    private enum Step {
        case send
        case sleep(until: ContinuousClock.Instant?)
        case end
    }

    private let socket: PublisherSocket
    private let wakeup: EventDescriptor
    private let state: Locked<State>
    private let maySend: @Sendable () -> Bool

    init(socket: PublisherSocket, queueCapacity: Int, maySend: @escaping @Sendable () -> Bool) throws(SpeechError) {
        do throws(SpeechError) {
            wakeup = try EventDescriptor()
        } catch {
            socket.close()
            throw error
        }
        self.socket = socket
        self.maySend = maySend
        state = Locked(State(ring: MessageRing(capacity: queueCapacity)))
    }

    // MARK: - Any thread

    var counters: PublisherCounters {
        state.withLock {
            var counters = $0.counters
            counters.queued = $0.ring.count
            counters.subscribedTopics = $0.topics.count
            return counters
        }
    }

    func start(threadName: String) {
        let isFirst = state.withLock { state in
            guard state.phase == .made else { return false }
            state.phase = .running
            return true
        }
        if isFirst { spawnThread(name: threadName) { self.run() } }
    }

    func publish(_ message: TopicMessage) {
        let mustWake = state.withLock { state in
            guard state.phase == .made || state.phase == .running else {
                state.counters.dropped += 1
                return false
            }
            if state.ring.push(message) { state.counters.dropped += 1 }
            return state.takeIdle()
        }
        if mustWake { wake() }
    }

    func discardQueued() {
        state.withLock { state in
            var queued: [TopicMessage] = []
            state.ring.pop(.max, into: &queued)
            state.counters.dropped += queued.count
        }
    }

    func hasSubscriber(to topic: [UInt8], within timeout: Duration) async -> Bool {
        let deadline = ContinuousClock.now + timeout
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (answer, mustWake): (Bool?, Bool) = state.withLock { state in
                    guard state.phase == .running, !Task.isCancelled else { return (false, false) }
                    if state.isSubscribed(topic) { return (true, false) }
                    state.waiters.append(Waiter(id: id, topic: topic, deadline: deadline, continuation: continuation))
                    return (nil, state.takeIdle())
                }
                if let answer { continuation.resume(returning: answer) }
                if mustWake { wake() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
    }

    func stop() async {
        beginStop()
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if state.phase != .stopped { state.stops.append(continuation) }
                return state.phase == .stopped
            }
            if isStopped { continuation.resume() }
        }
    }

    func beginStop() {
        let (wasMade, mustWake) = state.withLock { state in
            let was = state.phase
            guard was == .made || was == .running else { return (false, false) }
            state.phase = .stopping
            return (was == .made, state.takeIdle())
        }
        // A thread sends what was published before the start, too.
        if wasMade { spawnThread(name: "zmq-publisher") { self.run() } }
        if mustWake { wake() }
    }

    private func wake() { wakeup.raise() }

    // MARK: - The publisher's thread

    private func run() {
        var batch: [TopicMessage] = []
        batch.reserveCapacity(Self.batchSize)
        loop: while true {
            switch next(&batch) {
            case .send: send(&batch)
            case .sleep(let deadline): sleep(until: deadline)
            case .end: break loop
            }
            takeEvents()
        }
        socket.close()
        let (stops, waiters) = state.withLock { state in
            state.phase = .stopped
            defer { (state.stops, state.waiters) = ([], []) }
            return (state.stops, state.waiters)
        }
        for waiter in waiters { waiter.continuation.resume(returning: false) }
        for stop in stops { stop.resume() }
    }

    private func next(_ batch: inout [TopicMessage]) -> Step {
        let maySend = maySend()
        return state.withLock { state in
            guard maySend || state.ring.count == 0 else {
                if state.phase == .stopping { return .end }
                return .sleep(until: ContinuousClock.now + Self.patience)
            }
            state.ring.pop(Self.batchSize, into: &batch)
            if !batch.isEmpty { return .send }
            if state.phase == .stopping { return .end }
            state.isIdle = true
            return .sleep(until: state.waiters.map(\.deadline).min())
        }
    }

    private func send(_ batch: inout [TopicMessage]) {
        var sent = 0
        var bytes = 0
        for message in batch where socket.send(message) {
            sent += 1
            bytes += message.topic.count + message.body.count
        }
        let refused = batch.count - sent
        batch.removeAll(keepingCapacity: true)
        state.withLock { state in
            state.counters.published += sent
            state.counters.bytes += bytes
            state.counters.dropped += refused
        }
    }

    private func sleep(until deadline: ContinuousClock.Instant?) {
        // Rounded up, so that the deadline has passed afterwards.
        let timeoutMS = deadline.map { Int(max(.zero, ContinuousClock.now.duration(to: $0)) / .milliseconds(1)) + 1 } ?? -1
        socket.wait(wakeup: wakeup.descriptor, timeoutMS: timeoutMS)
        wakeup.lower()
        let expired = state.withLock { state in
            state.isIdle = false
            let now = ContinuousClock.now
            return state.takeWaiters { $0.deadline <= now }
        }
        for waiter in expired { waiter.continuation.resume(returning: false) }
    }

    private func takeEvents() {
        socket.takeEvents { event in
            let served: [Waiter] = state.withLock { state in
                switch event {
                case .joined: state.counters.subscribersJoined += 1
                case .left: state.counters.subscribersLeft += 1
                case .refused: state.counters.connectionsRefused += 1
                case .unsubscribed(let topic): state.topics.remove(topic)
                case .subscribed(let topic):
                    if state.topics.count < PublisherCounters.maxTopics { state.topics.insert(topic) }
                    return state.takeServed()
                }
                return []
            }
            for waiter in served { waiter.continuation.resume(returning: true) }
        }
    }
}
