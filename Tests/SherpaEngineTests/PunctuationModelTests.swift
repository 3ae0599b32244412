@testable import SherpaEngine
import Testing

@Suite struct PunctuationModelTests {
    @Test(
        arguments: [
            ("how are you？then i go home，but not。now。", "how are you? then i go home, but not. now."),
            ("这是一个测试，你好吗？How are you？我很好。", "这是一个测试，你好吗？How are you? 我很好。"),
            ("hello ，world", "hello, world"),
            ("привет，как дела？", "привет, как дела?"),
            ("", ""), ("，", "，"),
        ])
    func `each script gets its own marks`(written: String, text: String) { #expect(PunctuationModel.spaced(written) == text) }
}
