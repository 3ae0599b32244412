import Dispatch
import Lanes
import Testing

@Suite("A watch over a lane") struct LaneWatchTests {
    private func look(_ turns: [(turn: UInt64, at: UInt64)]) -> [Bool] {
        var watch = LaneWatch(limit: 30, interval: 10)
        return turns.map { watch.isStuck(in: $0.turn, at: $0.at) }
    }

    @Test("calls a thread stuck that is in one turn for the limit")
    func stuck() {
        #expect(look([(1, 100), (1, 110), (1, 120), (1, 130)]) == [false, false, false, true])
    }

    @Test("leaves alone who has nothing to do, or another turn each time")
    func busy() {
        #expect(look([(2, 100), (2, 120), (2, 140), (2, 160)]) == [false, false, false, false])
        #expect(look([(1, 100), (3, 120), (5, 140), (5, 150), (6, 160)]) == [false, false, false, false, false])
    }

    @Test("does not count time in which it was not awake itself")
    func asleep() {
        // The whole process was stopped for a second.
        #expect(look([(1, 100), (1, 1100), (2, 1110)]) == [false, false, false])
        #expect(look([(1, 100), (1, 1100), (1, 1110)]) == [false, false, true])
    }

    @Test("leaves a stuck thread alone with its client, and the lane goes on without it")
    func abandon() async throws {
        let lane = Lane(name: "stuck")
        let journal = Journal<String>()
        let entered = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let resident = Resident(lane: lane)
        let (ends, end) = AsyncStream<Void>.makeStream()
        let stuck = Block {
            onThreadEnd { end.finish() }
            journal.append("stuck")
            entered.signal()
            gate.wait()
            journal.append("free")
        }
        lane.wake(stuck)
        lane.wake(Block { journal.append("next") })
        await withCheckedContinuation { continuation in
            spawnThread(name: "waiter") {
                entered.wait()
                continuation.resume()
            }
        }
        // Woken again while it is stuck: that is not run.
        lane.wake(stuck)
        let turn = lane.turn
        #expect(turn % 2 == 1)
        #expect(lane.abandon(turn: turn) as? Block === stuck)
        #expect(lane.abandon(turn: turn) == nil)
        await lane.drained()
        #expect(journal.entries == ["stuck", "next"])
        // The new thread is the one that its actors belong to.
        lane.wake(Block { resident.enter() })
        await lane.drained()
        #expect(await resident.count == 1)
        gate.signal()
        for await _ in ends {}
        await lane.drained()
        #expect(journal.entries == ["stuck", "next", "free"])
        lane.stop()
    }

    @Test("does not abandon a turn that is over")
    func late() async {
        let lane = Lane(name: "late")
        let turns = Journal<UInt64>()
        lane.wake(Block { turns.append(lane.turn) })
        await lane.drained()
        #expect(turns.entries[0] % 2 == 1)
        #expect(lane.abandon(turn: turns.entries[0]) == nil)
        await lane.drained()
        lane.stop()
    }

    @Test("is kept by the watchdog, which tells of whom it gave up")
    func watchdog() async {
        let lanes = [Lane(name: "well"), Lane(name: "ill")]
        let gate = DispatchSemaphore(value: 0)
        let stuck = Block { gate.wait() }
        let (news, tell) = AsyncStream<Bool>.makeStream()
        let watchdog = LaneWatchdog(lanes, limitMS: 20) { tell.yield($0 as? Block === stuck) }
        lanes[1].wake(stuck)
        var told = news.makeAsyncIterator()
        #expect(await told.next() == true)
        for lane in lanes { await lane.drained() }
        gate.signal()
        watchdog.stop()
        for lane in lanes { lane.stop() }
    }
}
