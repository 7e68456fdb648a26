import Foundation
import SwctrCore
import Testing

@testable import SwctrRegistry

@Suite("What registries demand")
struct ChallengeTests {
    @Test("a bearer challenge is read with its parameters")
    func bearer() {
        let text = #"Bearer realm="https://auth.example/token",service="r.example",scope="repository:a/b:pull,push""#
        #expect(
            Challenge.parse(text) == [
                Challenge(
                    scheme: .bearer,
                    parameters: [
                        "realm": "https://auth.example/token", "service": "r.example",
                        "scope": "repository:a/b:pull,push",
                    ])
            ])
    }

    @Test("several challenges in one field are told apart, and unknown ones left out")
    func several() {
        let text = #"Negotiate, Basic realm="a, b \"c\"", Digest nonce=x, bearer Realm="https://t/""#
        #expect(
            Challenge.parse(text) == [
                Challenge(scheme: .basic, parameters: ["realm": #"a, b "c""#]),
                Challenge(scheme: .bearer, parameters: ["realm": "https://t/"]),
            ])
    }

    @Test("nonsense is no challenge", arguments: ["", ",,,", "=", "\"", "Bearer", "realm=\"x\""])
    func nonsense(text: String) {
        #expect(Challenge.parse(text).allSatisfy { $0.parameters["realm"] == nil })
    }

    @Test(
        "how long to wait is a number or a date",
        arguments: [
            ("0", Duration?.some(.zero)), ("120", .seconds(120)), ("-1", nil), ("soon", nil),
            ("Thu, 01 Jan 1970 00:00:10 GMT", .seconds(10)), ("Thu, 01 Jan 1970 00:00:00 GMT", .zero),
        ])
    func retryAfter(text: String, wait: Duration?) {
        #expect(RetryAfter.duration(text, now: Date(timeIntervalSince1970: 0)) == wait)
    }

    @Test("a refusal's text is kept to one harmless line")
    func fault() {
        let body = Array(#"{"errors":[{"code":"DENIED","message":"no\n\u001b[31m"},{"code":"X"}]}"#.utf8)
        #expect(RegistryFault.text(of: body) == ": DENIED: no  [31m; X")
        #expect(RegistryFault.text(of: Array("<html>".utf8)) == "")
    }
}
