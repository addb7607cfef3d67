package main

import (
	"errors"
	"io/fs"
	"regexp"
	"syscall"
)

// libraryTexts are the errors of the library and of package batch that end up before
// people, with their Chinese and with what to do about them here, where a claim is a
// flag. Of a text with several parts each is found.
var libraryTexts = []struct {
	en   *regexp.Regexp
	zh   string
	hint message
}{
	{regexp.MustCompile(`user ID is empty`), "用户 ID 为空",
		sentence("give the ID that the user logs in with: --user ID")},
	{regexp.MustCompile(`user ID is (\d+) bytes long, the most is (\d+)`), "用户 ID 长 $1 字节，最多 $2 字节",
		sentence("use a shorter ID; a letter or digit is one byte, a Chinese character three")},
	{regexp.MustCompile(`user ID has a control character or is not UTF-8`), "用户 ID 含有控制字符，或不是 UTF-8",
		sentence("look for line feeds, tabs and NULs that were pasted along, and for another encoding")},
	{regexp.MustCompile(`line is longer than (\d+) bytes`), "该行超过 $1 字节",
		sentence("the list has one user ID a line and nothing else")},
	{regexp.MustCompile(`TTL is less than a second`), "有效期不足 1 秒",
		sentence("give a lifetime such as --ttl 24h")},
	{regexp.MustCompile(`TTL of (\d+) s is longer than the 1576800000 s allowed`), "有效期 $1 秒超过上限 1576800000 秒",
		sentence("the longest is --ttl 18250d, 50 years; a day is usually enough")},
	{regexp.MustCompile(`TTL of (\d+) s is longer than the (\d+) s allowed`), "有效期 $1 秒超过上限 $2 秒", // a server's
		sentence("ask for less, such as --ttl 24h; an operator can allow more: usersig app set --max-ttl")},
	{regexp.MustCompile(`time of issue is before 1970 or too late`), "签发时间早于 1970 年或过晚",
		sentence("check --at: it is the instant of issue, in RFC 3339 or in unix seconds")},
	{regexp.MustCompile(`a PrivateMapKey cannot last beyond 2106-02-07`), "PrivateMapKey 的有效期不能超过 2106-02-07",
		sentence("give a shorter lifetime: --ttl")},
	{regexp.MustCompile(`user buffer is (\d+) bytes long, the most is (\d+)`), "userbuf 长 $1 字节，最多 $2 字节",
		sentence("put a short reference into the user buffer and keep the rest on the server")},
	{regexp.MustCompile(`user buffer (begins like|reads as) a PrivateMapKey, ask for a grant instead`), "userbuf 的内容会被读作 PrivateMapKey",
		sentence("to grant rights in a room use --room or --room-name with --allow")},
	{regexp.MustCompile(`room name is (\d+) bytes long, the most is (\d+)`), "房间名长 $1 字节，最多 $2 字节",
		sentence("use a shorter name; a letter or digit is one byte, a Chinese character three")},
	{regexp.MustCompile(`room name has a control character or is not UTF-8`), "房间名含有控制字符，或不是 UTF-8",
		sentence("look for line feeds, tabs and NULs that were pasted along, and for another encoding")},
	{regexp.MustCompile(`secret is shorter than (\d+) bytes`), "SECRETKEY 不足 $1 字节",
		sentence("copy the whole SECRETKEY, 64 characters, or make one: usersig keygen --secret")},
	{regexp.MustCompile(`secret is longer than (\d+) bytes`), "SECRETKEY 超过 $1 字节",
		sentence("the file holds the SECRETKEY, 64 characters, and nothing else")},
	{regexp.MustCompile(`secret has a control character or is not UTF-8`), "SECRETKEY 含有控制字符，或不是 UTF-8",
		sentence("the file holds the SECRETKEY, 64 characters on one line, and nothing else")},
	{regexp.MustCompile(`key (\S+) is given twice`), "密钥 $1 被给出了两次",
		sentence("give each key once")},

	{regexp.MustCompile(`the file is not the beginning of this output: `), "该文件不是本次输出的开头：",
		sentence("--resume takes the same list and the same flags as the first run")},
	{regexp.MustCompile(`row (\d+) is too long`), "第 $1 行过长", message{}},
	{regexp.MustCompile(`it has no header`), "没有表头", message{}},
	{regexp.MustCompile(`row (\d+) has no line in the input`), "第 $1 行在输入中没有对应的行", message{}},
	{regexp.MustCompile(`row (\d+) is not for the user in line (\d+) of the input`), "第 $1 行不属于输入第 $2 行的用户", message{}},
	{regexp.MustCompile(`token in row (\d+):? `), "第 $1 行的凭证", message{}},
	{regexp.MustCompile(`is for another application`), "属于另一个应用", message{}},
	{regexp.MustCompile(`was made with another kind of key`), "是用另一类密钥签发的", message{}},
	{regexp.MustCompile(`is not a UserSig for the user beside it`), "不是其旁边用户的 UserSig", message{}},
	{regexp.MustCompile(`has another TTL`), "有效期不同", message{}},
	{regexp.MustCompile(`has another time of issue`), "签发时间不同", message{}},
	{regexp.MustCompile(`was signed with another key`), "是用另一个密钥签发的", message{}},
	{regexp.MustCompile(`write tokens: `), "写出凭证失败：", message{}},
	{regexp.MustCompile(`read user IDs: `), "读取用户 ID 失败：", message{}},
	{regexp.MustCompile(`read earlier output: `), "读取已有输出失败：", message{}},
}

// systemError is what an operating system says of a file.
type systemError struct {
	err  error
	zh   string
	hint message
}

var systemErrors = []systemError{
	{fs.ErrNotExist, "文件或目录不存在",
		sentence("check the path: it begins at the current directory unless it begins with a slash")},
	{fs.ErrPermission, "没有权限", sentence("ask for it as somebody who may, or see who may: ls -l")},
	{fs.ErrExist, "文件已存在", sentence("give a name that is not taken")},
	{syscall.ENOTDIR, "不是目录", sentence("a part of the path is a file: give another path")},
	{syscall.EISDIR, "这是目录", sentence("name a file in the directory")},
	{syscall.ENAMETOOLONG, "文件名过长", sentence("--key, --in, --out and --zip take the name of a file, not what is in it")},
	{syscall.ENOSPC, "磁盘空间不足", sentence("make room on the disk, or write elsewhere")},
	{syscall.EROFS, "文件系统是只读的", sentence("write elsewhere")},
	{syscall.EPIPE, "管道已关闭", sentence("what reads the output ended before all was written")},
	{syscall.EIO, "读写错误", sentence("check the disk")},
}

// systemFault returns what the operating system said in err, or nil if it did not.
func systemFault(err error) *systemError {
	for i := range systemErrors {
		s := systemErrors[i]
		if !errors.Is(err, s.err) {
			continue
		}
		// The words are those of this system: fs's errors stand for several.
		if no, ok := errors.AsType[syscall.Errno](err); ok {
			s.err = no
		}
		return &s
	}
	return nil
}
