package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig"
	"usersig/internal/remote"
)

const roomLong = `Look into the rooms of an application on a usersigd that serves audio and video, make a user
leave one, or everybody. A room number and a room name are different rooms, even if they
look alike.

Who is removed may come in again while their UserSig is good: to keep them out there are
usersig revoke and usersig block, which end their sessions too.`

func newRoom(u *ui) *cobra.Command {
	return group("room", "List rooms and who is in them, remove users, dissolve", roomLong,
		newRoomList(u), newRoomUsers(u), newRoomRemove(u), newRoomDissolve(u))
}

func newRoomList(u *ui) *cobra.Command {
	var app uint32
	return u.serverVerb(task{
		use: "list --app N [flags]", short: "List rooms that are open", long: "List the rooms of an application that are open, and how many users each has.",
		example: `  usersig room list --server https://usersig.example.com --token operator.token --app 1400000000`,
		needs:   []string{"app"}, flags: func(cmd *cobra.Command, _ *pflag.FlagSet) { appFlag(cmd, &app) },
		run: func(ctx context.Context, client *remote.Client) error {
			rooms, err := client.Rooms(ctx, app)
			if err != nil {
				return noRoom(err)
			}
			return u.showRooms(rooms)
		},
	})
}

func (u *ui) showRooms(rooms remote.Reply[[]remote.OpenRoom]) error {
	if u.json {
		return u.printRaw(rooms.JSON)
	}
	rows := [][]string{{u.say("ROOM", "房间"), u.say("USERS", "人数"), u.say("OPEN SINCE", "创建时间")}}
	for _, r := range rooms.Value {
		rows = append(rows, []string{r.Room.String(), strconv.Itoa(r.Users), instant(r.CreatedAt)})
	}
	u.tell(grid(rows))
	return nil
}

// roomOn is a room of an application on a server.
type roomOn struct {
	*ui
	app  uint32
	room usersig.Room
	user string
	yes  bool
}

func (c *roomOn) define(cmd *cobra.Command) {
	appFlag(cmd, &c.app)
	roomFlags(cmd, &c.room, "the room ")
}

// asked is a task about one room.
func (c *roomOn) asked(v task) *cobra.Command {
	do := v.run
	v.run = func(ctx context.Context, client *remote.Client) error {
		if err := c.oneRoom(); err != nil {
			return err
		}
		return noRoom(do(ctx, client))
	}
	return c.serverVerb(v)
}

func (c *roomOn) oneRoom() error {
	switch {
	case c.room.ID != 0 && c.room.Name != "":
		return twoRooms()
	case c.room == usersig.Room{}:
		return whichRoom()
	}
	return nil
}

func whichRoom() *failure {
	return misuse("no room is named").hint("give --room N for a room with a number, --room-name S for one with a name")
}

// noRoom is the error for what is not there, with advice about rooms.
func noRoom(err error) error {
	p, ok := errors.AsType[*remote.Problem](err)
	if !ok || p.Reason != "not_found" {
		return err
	}
	f := cannot("the server does not have that: %w", serverText(p)).
		hint("see which rooms are open, and who is in them: usersig room list, usersig room users")
	f.problem = p
	return f
}

func newRoomUsers(u *ui) *cobra.Command {
	c := &roomOn{ui: u}
	return c.asked(task{
		use: "users --app N (--room N | --room-name S) [flags]", short: "List who is in a room",
		long: "List who is in a room, since when, and what each of them sends: audio, video, screen, screen-audio.",
		example: `  usersig room users --server https://usersig.example.com --token operator.token --app 1400000000 --room 1001
  usersig room users --server https://usersig.example.com --token operator.token --app 1400000000 --room-name lobby`,
		needs: []string{"app"}, flags: func(cmd *cobra.Command, _ *pflag.FlagSet) { c.define(cmd) },
		run: func(ctx context.Context, client *remote.Client) error {
			users, err := client.RoomUsers(ctx, c.app, c.room)
			if err != nil {
				return err
			}
			return u.showRoomUsers(users)
		},
	})
}

func (u *ui) showRoomUsers(users remote.Reply[[]remote.RoomUser]) error {
	if u.json {
		return u.printRaw(users.JSON)
	}
	rows := [][]string{{u.say("USER", "用户"), u.say("JOINED", "进房时间"), u.say("SENDS", "发送")}}
	for _, one := range users.Value {
		rows = append(rows, []string{show(one.UserID), instant(one.JoinedAt), strings.Join(one.Sends, ",")})
	}
	u.tell(grid(rows))
	return nil
}

func newRoomRemove(u *ui) *cobra.Command {
	c := &roomOn{ui: u}
	return c.asked(task{
		use: "remove --app N (--room N | --room-name S) --user ID [flags]", short: "Make a user leave a room",
		long: `Make a user leave a room. They may come in again while their UserSig is good: to keep them
out there are usersig revoke and usersig block, which end their sessions too.`,
		example: `  usersig room remove --server https://usersig.example.com --token operator.token --app 1400000000 --room 1001 --user alice`,
		needs:   []string{"app", "user"},
		flags: func(cmd *cobra.Command, _ *pflag.FlagSet) {
			c.define(cmd)
			userFlag(cmd, &c.user)
		},
		run: func(ctx context.Context, client *remote.Client) error {
			if err := client.RemoveUser(ctx, c.app, c.room, c.user); err != nil {
				return err
			}
			if u.json {
				return u.printDone()
			}
			u.note("%s has left room %s", show(c.user), c.room)
			return nil
		},
	})
}

func newRoomDissolve(u *ui) *cobra.Command {
	c := &roomOn{ui: u}
	return c.asked(task{
		use: "dissolve --app N (--room N | --room-name S) [flags]", short: "Make everybody leave a room, and close it",
		long:    "Make everybody leave a room, and close it. Whoever may create rooms can open it again.",
		example: `  usersig room dissolve --server https://usersig.example.com --token operator.token --app 1400000000 --room 1001 --yes`,
		needs:   []string{"app"}, run: c.dissolve,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			c.define(cmd)
			yesFlag(f, &c.yes)
		},
	})
}

func (c *roomOn) dissolve(ctx context.Context, client *remote.Client) error {
	if err := c.confirm(c.yes, sentence("everybody leaves room %s now", c.room)); err != nil {
		return err
	}
	if err := client.DissolveRoom(ctx, c.app, c.room); err != nil {
		return err
	}
	if c.json {
		return c.printDone()
	}
	c.note("room %s is closed", c.room)
	return nil
}
