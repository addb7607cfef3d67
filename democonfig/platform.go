package democonfig

// Place says where a sample app looks for the file.
type Place struct {
	App  string // the sample app, by platform
	File string // path in its sources
}

var platforms = [...]string{"Android", "iOS", "Mac", "Web", "Win"}

// Platforms returns the platforms that users are named after.
func Platforms() []string { return platforms[:len(platforms):len(platforms)] }

func known(platform string) bool {
	for _, p := range platforms {
		if p == platform {
			return true
		}
	}
	return false
}

// Places returns where each of TRTC's sample apps looks for the file.
func Places() []Place {
	return []Place{
		{"Android", "app/src/main/res/raw/config.json"},
		{"iOS, Mac, Windows", "Config.json in the source root"},
		{"Web", "js/config.js, as the variables sdkappid and users"},
		{"mini-program", "pages/webrtc-room/account.js"},
	}
}
