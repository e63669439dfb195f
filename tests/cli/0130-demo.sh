#!/bin/sh
# demo: the tour, and its page.
. "$(dirname "$0")/lib.sh"

start=$(date +%s)
good demo
check "under 5 s" test $(($(date +%s) - start)) -le 5
shows 'This is a simulated device'
shows 'Wrote hourglass-demo.html'
shows '●'
check "four runs" test "$(grep -c '^[ABCD]  ' out)" = 4
check "no leftovers" test "$(find . -name '.hourglass-*' | wc -l)" = 0

# page FILE: well-formed, alone, says what it is
page() {
	check "$1" python3 - "$1" <<-'PY'
		import html.parser, re, sys
		text = open(sys.argv[1], encoding="utf-8").read()
		void = {"meta", "br", "link", "img", "input", "hr"}
		class Parser(html.parser.HTMLParser):
		    stack, seen, bad = [], {}, []
		    def handle_starttag(self, tag, attributes):
		        self.seen[tag] = self.seen.get(tag, 0) + 1
		        names = [name for name, _ in attributes]
		        if len(set(names)) != len(names):
		            self.bad.append(f"{tag}: an attribute twice")
		        for name, value in attributes:
		            if name in ("src", "href"):
		                self.bad.append(f"{tag} loads {value}")
		        if tag not in void:
		            self.stack.append(tag)
		    def handle_startendtag(self, tag, attributes):
		        self.seen[tag] = self.seen.get(tag, 0) + 1
		    def handle_endtag(self, tag):
		        if not self.stack or self.stack.pop() != tag:
		            self.bad.append(f"</{tag}> closes nothing, line {self.getpos()[0]}")
		parser = Parser()
		parser.feed(text)
		bad = parser.bad + [f"<{tag}> is open" for tag in parser.stack]
		for tag, least in (("svg", 3), ("h1", 1), ("title", 10), ("table", 1), ("script", 1), ("tr", 5)):
		    if parser.seen.get(tag, 0) < least:
		        bad.append(f"fewer than {least} <{tag}>")
		if not re.search(r"simulated device", text, re.I):
		    bad.append("the words simulated device are missing")
		outside = set(re.findall(r"https?://[^\s\"']+", text)) - {"http://www.w3.org/2000/svg"}
		bad += [f"names {url}" for url in outside]
		if re.search(r"@import|url\(", text):
		    bad.append("the style loads something")
		if not re.search(r"prefers-color-scheme: ?dark", text):
		    bad.append("no dark scheme")
		svgs = re.findall(r"<svg [^>]*>", text)
		bad += ["an svg without name" for svg in svgs if "aria-label=" not in svg]
		if re.search(r"\b(nan|inf)\b", re.sub(r"<script>.*</script>", "", text, flags=re.S), re.I):
		    bad.append("NaN or infinity")
		print("\n".join(bad))
		sys.exit(bool(bad))
	PY
}
page hourglass-demo.html

# The same again, byte for byte; other devices and workloads; JSON.
cp hourglass-demo.html first.html
good demo --json
json .schema hourglass.demo/1
json .simulated true
json '.runs | length' 4
json '[.runs[] | .energy_saving >= -0.001] | all' true
json '[.runs[1:][] | .time_s <= .deadline_s * 1.0001] | all' true
json '.runs[2].energy_saving > 0.05' true
same_file hourglass-demo.html first.html
for device in v100 a40 a100-sxm h200 b200 mi300x l40s; do
	good demo --device sim:$device --workload llm-prefill -o $device.html
	page $device.html
done
good demo -d sim:h100,noise=2%,seed=4 -w gpt-pipeline-stage -o noise.html
page noise.html
good demo -o -
same_file out first.html

bad demo --device nvml:0 -o x.html
says_like 'not supported in this version'
bad demo --workload nope -o x.html
check "nothing written" test ! -e x.html
echo old >old.html
bad demo --device sim:h100,seed=x -o old.html
check "old page" test "$(cat old.html)" = old
finish
