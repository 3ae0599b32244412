import Glibc
import Synchronization

/// Something that a lane runs when it was woken.
public protocol LaneClient: AnyObject, Sendable {
    /// Called on the lane's thread; must not block.
    func runOnLane()
    /// Called on the lane's thread for ``Lane/wakeLater(_:)``.
    func runLaterOnLane()
}

/// A dedicated, named thread with a first-in-first-out queue: the executor of session actors.
///
/// Waking a client allocates nothing once the queue has grown to its usual length. A client should keep itself from being queued twice,
/// which bounds the queue by the number of clients.
///
/// A thread that does not come back from a client can be left alone with it (``abandon(turn:)``): another one goes on with the rest.
// @unchecked: every `var` is touched only between pthread_mutex_lock and unlock of `mutex`; the rest is immutable.
public final class Lane: SerialExecutor, @unchecked Sendable {
    private enum Entry {
        case job(UnownedJob)
        case client(any LaneClient)
        case laterClient(any LaneClient)

        var client: (any LaneClient)? {
            switch self {
            case .job: nil
            case .client(let client), .laterClient(let client): client
            }
        }
    }

    /// The thread's name, as `top -H` shows it (15 characters are kept).
    public let name: String
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue = Ring()
    /// What runs when nothing is in `queue`.
    private var laterQueue = Ring()
    private var stopping = false
    private var thread: pthread_t?
    /// What tells the thread that belongs to the lane from those that were left alone.
    private var crew = Crew(turn: 0)
    /// Who is being run.
    private var current: (any LaneClient)?
    /// Clients that a thread was left alone with, which is still in them.
    private var abandoned: [(crew: Crew, client: any LaneClient)] = []

    /// One thread's count of what it ran: odd while it runs a client. Written by that thread only, so an increment needs no
    /// read-modify-write.
    private final class Crew: Sendable {
        let turn: Atomic<UInt64>
        init(turn: UInt64) { self.turn = Atomic(turn) }
        func advance() { turn.store(turn.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
    }

    /// Makes the lane and starts its thread.
    public init(name: String) {
        self.name = name
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        startThread()
    }

    private func startThread() {
        let crew = crew
        spawnThread(name: name, isUrgent: true) { self.run(crew) }
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Queues a client.
    public func wake(_ client: any LaneClient) { push(.client(client)) }

    /// Queues a client for when no other one is waiting: for work of which nobody is in need at once.
    public func wakeLater(_ client: any LaneClient) { push(.laterClient(client)) }

    public func enqueue(_ job: consuming ExecutorJob) { push(.job(UnownedJob(job))) }

    public func checkIsolated() {
        pthread_mutex_lock(mutex)
        let isHere = thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
        pthread_mutex_unlock(mutex)
        precondition(isHere, "called off the lane \(name)")
    }

    /// Ends the thread once everything queued has run. Nothing may be queued afterwards.
    public func stop() {
        pthread_mutex_lock(mutex)
        stopping = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func push(_ entry: Entry) {
        pthread_mutex_lock(mutex)
        let wasEmpty = queue.isEmpty && laterQueue.isEmpty
        if case .laterClient = entry { laterQueue.append(entry) } else { queue.append(entry) }
        if wasEmpty { pthread_cond_signal(condition) }
        pthread_mutex_unlock(mutex)
    }

    /// Which client is being run: odd while one is, another number for each time.
    public var turn: UInt64 {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return crew.turn.load(ordering: .relaxed)
    }

    /// If the thread is still in that turn, leaves it alone with its client, and goes on with the others on a new thread. The client is
    /// not run again before the old thread is out of it, which then ends.
    ///
    /// Only for clients that are not awaited: a job of such an actor would be run by the new thread.
    ///
    /// - Returns: the client; nil when the thread has come back meanwhile.
    public func abandon(turn: UInt64) -> (any LaneClient)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard crew.turn.load(ordering: .relaxed) == turn, let client = current else { return nil }
        // It cannot end while the mutex is held. It may compute for ever: before ordinary threads nobody else would come to it.
        var ordinary = sched_param()
        if let thread { pthread_setschedparam(thread, SCHED_OTHER, &ordinary) }
        abandoned.append((crew, client))
        current = nil
        thread = nil
        crew = Crew(turn: turn &+ 1)
        startThread()
        return client
    }

    private func run(_ crew: Crew) {
        pthread_mutex_lock(mutex)
        thread = pthread_self()
        pthread_mutex_unlock(mutex)
        // Released here, because that could be its end, which must not happen behind the mutex.
        var finished: (any LaneClient)?
        while let entry = next(crew, &finished) {
            finished = nil
            switch entry {
            case .client(let client):
                crew.advance()
                client.runOnLane()
                crew.advance()
            case .laterClient(let client):
                crew.advance()
                client.runLaterOnLane()
                crew.advance()
            case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            }
        }
    }

    /// What is to be run, and in `finished` what was; nil when the thread has to end.
    private func next(_ crew: Crew, _ finished: inout (any LaneClient)?) -> Entry? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard crew === self.crew else {
            if let index = abandoned.firstIndex(where: { $0.crew === crew }) { finished = abandoned.remove(at: index).client }
            return nil
        }
        finished = current
        current = nil
        while true {
            if let entry = queue.popFirst() ?? laterQueue.popFirst() {
                guard let client = entry.client else { return entry }
                // Whoever is stuck elsewhere has lost its place.
                if abandoned.contains(where: { $0.client === client }) { continue }
                current = client
                return entry
            }
            if stopping { return nil }
            guard finished == nil else {
                pthread_mutex_unlock(mutex)
                finished = nil
                pthread_mutex_lock(mutex)
                continue
            }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// A first-in-first-out queue that allocates only to grow.
    private struct Ring {
        private var entries = [Entry?](repeating: nil, count: 64)
        private var head = 0
        private var count = 0

        var isEmpty: Bool { count == 0 }

        mutating func append(_ entry: Entry) {
            if count == entries.count {
                entries = (0..<count * 2).map { $0 < count ? entries[(head + $0) % count] : nil }
                head = 0
            }
            entries[(head + count) % entries.count] = entry
            count += 1
        }

        mutating func popFirst() -> Entry? {
            guard count > 0 else { return nil }
            defer {
                entries[head] = nil
                head = (head + 1) % entries.count
                count -= 1
            }
            return entries[head]
        }
    }
}
