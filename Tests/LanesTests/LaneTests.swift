import Dispatch
import Lanes
import Synchronization
import Testing

@Suite("A lane") struct LaneTests {
    @Test("runs what is woken in the order of waking, also when the queue grows and wraps around")
    func order() async {
        let lane = Lane(name: "order")
        let journal = Journal<Int>()
        // Moves the queue's head off its beginning, so that the growth below has to unwrap it.
        for _ in 0..<40 { await lane.drained() }
        let gate = DispatchSemaphore(value: 0)
        lane.wake(Block { gate.wait() })
        for i in 0..<500 { lane.wake(Block { journal.append(i) }) }
        gate.signal()
        await lane.drained()
        #expect(journal.entries == Array(0..<500))
        lane.stop()
    }

    @Test("keeps jobs of its actors and woken clients in one order")
    func oneQueue() async {
        let lane = Lane(name: "one")
        let resident = Resident(lane: lane)
        let journal = Journal<String>()
        for i in 0..<20 {
            lane.wake(Block { journal.append("client \(i)") })
            await resident.note("job \(i)", in: journal)
        }
        #expect(journal.entries == (0..<20).flatMap { ["client \($0)", "job \($0)"] })
        lane.stop()
    }

    @Test("is the only thread on which its actors run")
    func residence() async {
        let lane = Lane(name: "home")
        let residents = (0..<3).map { _ in Resident(lane: lane) }
        for resident in residents { #expect(await resident.thread() == "home") }
        lane.stop()
    }

    @Test("lets a woken client enter its actors without a hop")
    func assumeIsolated() async {
        let lane = Lane(name: "isolated")
        let resident = Resident(lane: lane)
        await resident.increment()
        lane.wake(Block { resident.enter() })
        await lane.drained()
        #expect(await resident.count == 2)
        lane.stop()
    }

    @Test("stops the program when its actors are entered from another thread")
    func offTheLane() async {
        await #expect(processExitsWith: .failure) {
            let lane = Lane(name: "guarded")
            await lane.drained()
            Resident(lane: lane).enter()
        }
    }

    @Test("runs everything once and one at a time when many threads wake it, in each thread's order")
    func manyThreads() async {
        let threads = 8
        let wakes = 2000
        let lane = Lane(name: "many")
        let journal = Journal<(thread: Int, number: Int)>()
        let occupancy = Occupancy()
        await withTaskGroup { group in
            for thread in 0..<threads {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        spawnThread(name: "waker \(thread)") {
                            for number in 0..<wakes {
                                lane.wake(Block { occupancy.during { journal.append((thread, number)) } })
                            }
                            continuation.resume()
                        }
                    }
                }
            }
        }
        await lane.drained()
        #expect(occupancy.highest == 1)
        let entries = journal.entries
        #expect(entries.count == threads * wakes)
        for thread in 0..<threads {
            #expect(entries.filter { $0.thread == thread }.map(\.number) == Array(0..<wakes))
        }
        lane.stop()
    }

    @Test("runs what is queued before it stops, and then ends its thread and is freed")
    func stop() async {
        var lane: Lane? = Lane(name: "ending")
        weak let weakLane = lane
        let journal = Journal<Int>()
        let gate = DispatchSemaphore(value: 0)
        await withCheckedContinuation { ended in
            lane!.wake(
                Block {
                    onThreadEnd { ended.resume() }
                    gate.wait()
                })
            for i in 0..<10 { lane!.wake(Block { journal.append(i) }) }
            lane!.stop()
            lane = nil
            gate.signal()
        }
        #expect(journal.entries == Array(0..<10))
        #expect(weakLane == nil)
    }

    @Test("ends its thread also when it is stopped while it has nothing to do")
    func stopIdle() async {
        let lane = Lane(name: "idle")
        let ended = Journal<Void>()
        await withCheckedContinuation { continuation in
            lane.wake(
                Block {
                    onThreadEnd {
                        ended.append(())
                        continuation.resume()
                    }
                })
            lane.stop()
        }
        #expect(ended.entries.count == 1)
    }
}

/// Counts who is inside at once.
private final class Occupancy: Sendable {
    private let inside = Atomic(0)
    private let most = Atomic(0)
    var highest: Int { most.load(ordering: .sequentiallyConsistent) }

    func during(_ body: () -> Void) {
        let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
        most.max(now, ordering: .sequentiallyConsistent)
        body()
        inside.subtract(1, ordering: .sequentiallyConsistent)
    }
}
