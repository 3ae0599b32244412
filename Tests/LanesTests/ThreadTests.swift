import Lanes
import Testing

@Suite("A thread") struct ThreadTests {
    @Test(
        "has the name that it was given, of which 15 characters are kept",
        arguments: [("decoder", "decoder"), ("fifteen letters", "fifteen letters"), ("sixteen letters!", "sixteen letters")])
    func name(_ given: String, _ expected: String) async {
        let name = await withCheckedContinuation { continuation in
            spawnThread(name: given) { continuation.resume(returning: threadName()) }
        }
        #expect(name == expected)
        let lane = Lane(name: given)
        #expect(await Resident(lane: lane).thread() == expected)
        #expect(lane.name == given)
        lane.stop()
    }

    @Test("ends when its body does, and lets go of what that held")
    func end() async {
        final class Held: Sendable {}
        var held: Held? = Held()
        weak let weakHeld = held
        await withCheckedContinuation { continuation in
            let body: @Sendable () -> Void = { [held] in
                _ = held
                onThreadEnd { continuation.resume() }
            }
            held = nil
            spawnThread(name: "brief", body)
        }
        #expect(weakHeld == nil)
    }
}
