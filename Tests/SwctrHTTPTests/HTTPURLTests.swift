import SwctrCore
import Testing

@testable import SwctrHTTP

@Suite("URLs")
struct HTTPURLTests {
    @Test(
        "what a URL says is taken apart",
        arguments: [
            ("https://r.example/v2/", true, "r.example", UInt16(443), "/v2/"),
            ("http://R.Example:5000", false, "r.example", 5000, "/"),
            ("https://[::1]:8443/a?b=c#d", true, "::1", 8443, "/a?b=c"),
            ("HTTPS://r.example?x=1", true, "r.example", 443, "/?x=1"),
        ])
    func parts(text: String, isSecure: Bool, host: String, port: UInt16, target: String) throws {
        #expect(try HTTPURL(text) == HTTPURL(isSecure: isSecure, host: host, port: port, target: target))
    }

    @Test(
        "what could mean something else to a server is refused",
        arguments: [
            "ftp://r.example/", "r.example/v2", "https://user:pw@r.example/", "https:///v2", "https://r.example:0/",
            "https://r.example:99999/", "http://r.example/a b", "http://r.example/\r\nHost: x", "http://a\\b/",
            "http://r.example/ü",
        ])
    func refused(text: String) {
        let error = #expect(throws: EngineError.self) { try HTTPURL(text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "a location is understood from where it was said",
        arguments: [
            ("/v2/x", "http://r.example:5000/v2/x"), ("y?z=1", "http://r.example:5000/a/y?z=1"),
            ("?q=2", "http://r.example:5000/a/b?q=2"), ("//cdn.example/z", "http://cdn.example/z"),
            ("https://cdn.example/z", "https://cdn.example/z"),
        ])
    func locations(location: String, whole: String) throws {
        #expect(try HTTPURL("http://r.example:5000/a/b?c=d").resolving(location).description == whole)
    }

    @Test("nobody is sent from TLS to no TLS")
    func downgrade() throws {
        let error = #expect(throws: EngineError.self) {
            try HTTPURL("https://r.example/").resolving("http://r.example/")
        }
        #expect(error?.code == .permissionDenied)
    }

    @Test("a proxy is chosen by scheme, and passed by for exceptions and for this machine")
    func proxies() throws {
        let settings = ProxySettings([
            "http_proxy": "http://plain:3128", "HTTPS_PROXY": "user:p%40ss@secure:8080",
            "NO_PROXY": "inside.example,.dot.example,10.0.0.0/8,port.example:5000",
        ])
        func proxy(_ text: String) throws -> String? { try settings.proxy(for: HTTPURL(text))?.url.authority }
        #expect(try proxy("http://r.example/") == "plain:3128")
        #expect(try proxy("https://r.example/") == "secure:8080")
        for passed in [
            "https://inside.example/", "https://x.inside.example/", "https://a.dot.example/", "http://10.1.2.3/",
            "http://port.example:5000/", "http://localhost:5000/", "http://127.0.0.1/", "http://[::1]/",
        ] {
            #expect(try proxy(passed) == nil, "\(passed)")
        }
        #expect(try proxy("http://port.example:5001/") == "plain:3128")
        #expect(try proxy("http://notinside.example/") == "plain:3128")
        let login = try settings.proxy(for: HTTPURL("https://r.example/"))?.authorization
        #expect(login == "Basic " + Base64.encode(Array("user:p@ss".utf8)))
        #expect(throws: EngineError.self) {
            try ProxySettings(["ALL_PROXY": "socks5://p:1080"]).proxy(for: HTTPURL("http://r.example/"))
        }
    }
}
