import Glibc

/// Asks the kernel to run the calling thread before all ordinary ones as soon as it has something to do (`SCHED_RR`, the lowest real-time
/// priority); processes and threads that it makes are ordinary again.
///
/// For threads that compute little and whose delay is heard: on a machine whose cores all decode, an ordinary thread waits up to
/// several milliseconds for its turn. Needs `CAP_SYS_NICE` or `RLIMIT_RTPRIO` ≥ 1; without them nothing changes.
///
/// - Returns: whether it was granted.
@discardableResult
public func makeThisThreadUrgent() -> Bool {
    // SCHED_RESET_ON_FORK of sched.h, a macro that Swift does not see.
    let resetOnFork: CInt = 0x4000_0000
    var parameters = sched_param()
    parameters.sched_priority = 1
    return sched_setscheduler(0, SCHED_RR | resetOnFork, &parameters) == 0
}

/// Whether ``makeThisThreadUrgent()`` is granted: for libraries whose threads are theirs, and that end the process when it is not.
public let threadsMayBeUrgent: Bool = {
    let answer = BlockingQueue<Bool>()
    spawnThread(name: "urgency") { answer.push(makeThisThreadUrgent()) }
    return answer.pop()
}()
