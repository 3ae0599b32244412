import Glibc

/// Something that a lane runs when it was woken.
public protocol LaneClient: AnyObject, Sendable {
    /// Called on the lane's thread; must not block.
    func runOnLane()
}

/// A dedicated, named thread with a first-in-first-out queue: the executor of session actors.
///
/// Waking a client allocates nothing once the queue has grown to its usual length. A client should keep itself from being queued twice,
/// which bounds the queue by the number of clients.
// @unchecked: `queue`, `head`, `count`, `stopping` and `thread` are touched only between pthread_mutex_lock and unlock of `mutex`; the rest is immutable.
public final class Lane: SerialExecutor, @unchecked Sendable {
    private enum Entry {
        case job(UnownedJob)
        case client(any LaneClient)
    }

    /// The thread's name, as `top -H` shows it (15 characters are kept).
    public let name: String
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [Entry?]
    private var head = 0
    private var count = 0
    private var stopping = false
    private var thread: pthread_t?

    /// Makes the lane and starts its thread.
    public init(name: String) {
        self.name = name
        queue = Array(repeating: nil, count: 64)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        spawnThread(name: name) { self.run() }
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Queues a client.
    public func wake(_ client: any LaneClient) { push(.client(client)) }

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
        if count == queue.count { grow() }
        queue[(head + count) % queue.count] = entry
        count += 1
        if count == 1 { pthread_cond_signal(condition) }
        pthread_mutex_unlock(mutex)
    }

    private func grow() {
        var larger = [Entry?](repeating: nil, count: queue.count * 2)
        for i in 0..<count { larger[i] = queue[(head + i) % queue.count] }
        queue = larger
        head = 0
    }

    private func run() {
        pthread_mutex_lock(mutex)
        thread = pthread_self()
        pthread_mutex_unlock(mutex)
        while let entry = next() {
            switch entry {
            case .client(let client): client.runOnLane()
            case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            }
        }
    }

    private func next() -> Entry? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while count == 0 {
            if stopping { return nil }
            pthread_cond_wait(condition, mutex)
        }
        let entry = queue[head]
        queue[head] = nil
        head = (head + 1) % queue.count
        count -= 1
        return entry
    }
}
